// Real browsers, driven by a script: finds those that are installed, starts them without a window, and opens pages in them that
// write down whatever they should not do.

import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';

/** What a browser is called on Linux, macOS and Windows; the environment may name another file. */
const BROWSERS = [
  { name: 'chrome', variable: 'CHROMIUM', files: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', 'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'] },
  { name: 'firefox', variable: 'FIREFOX', files: ['firefox-esr', 'firefox',
    '/Applications/Firefox.app/Contents/MacOS/firefox', 'C:\\Program Files\\Mozilla Firefox\\firefox.exe'] },
];

/** Sizes of a page, in CSS pixels. */
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** How a script says, as it ends, that there is no browser for it. */
export const SKIPPED = 77;

/** The browsers that are installed: [{name: 'chrome' or 'firefox', path}]. */
export function installed() {
  const isProgram = (path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  const places = (file) => (file.includes('/') || file.includes('\\') ? [file]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, file)));
  return BROWSERS.flatMap(({ name, variable, files }) => {
    const named = process.env[variable];
    const path = (named ? [named] : files.flatMap(places)).find(isProgram);
    return path ? [{ name, path }] : [];
  });
}

/**
 * A sound device that nobody hears, without which Firefox plays nothing: PulseAudio's, if that is installed. Call `close` at the end.
 * Chromium needs none.
 */
export async function silentDevice() {
  const folder = mkdtempSync(join(tmpdir(), 'silent-device-'));
  const socket = join(folder, 'native');
  const modules = ['module-null-sink', `module-native-protocol-unix auth-anonymous=1 socket=${socket}`];
  const server = spawn('pulseaudio', ['-n', '--daemonize=no', '--exit-idle-time=-1', ...modules.map((name) => `--load=${name}`)],
    { stdio: 'ignore', env: { ...process.env, XDG_RUNTIME_DIR: folder, HOME: folder } });
  const ended = new Promise((resolve) => server.on('error', resolve).on('exit', resolve));
  for (let i = 0; i < 100 && server.exitCode === null && server.pid && !existsSync(socket); i++) await delay(100);
  const isThere = existsSync(socket);
  if (isThere) process.env.PULSE_SERVER = `unix:${socket}`;
  const close = async () => {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { isThere, close };
}

/**
 * Starts a browser of `installed`. Pages in it may sound without a click, and are not heard. What it downloads goes into the folder
 * `downloads`; `args` and `prefs` (Firefox's) are more of what it is started with. Close it with `browser.close()`.
 */
export async function launch({ name, path }, { downloads, args = [], prefs = {} } = {}) {
  // Chromium's sandbox refuses to work for root, which is who tests in a container.
  const isRoot = process.getuid?.() === 0;
  const chromium = ['--autoplay-policy=no-user-gesture-required', '--mute-audio', ...(isRoot ? ['--no-sandbox'] : [])];
  return puppeteer.launch({
    browser: name,
    executablePath: path,
    headless: true,
    args: [...(name === 'chrome' ? chromium : []), ...args],
    ...(downloads && name === 'chrome' ? { downloadBehavior: { policy: 'allow', downloadPath: downloads } } : {}),
    extraPrefsFirefox: {
      'media.autoplay.default': 0, 'media.autoplay.blocking_policy': 0, 'media.autoplay.block-webaudio': false, 'media.volume_scale': '0.0',
      ...(downloads ? { 'browser.download.folderList': 2, 'browser.download.dir': downloads } : {}),
      ...prefs,
    },
  });
}

/**
 * Opens a page of this size. What goes wrong in it is collected in `page.faults`: errors that nobody caught, errors on the console, and
 * requests to other places than `url`'s own (`allowed` may let some through). A test asks at its end that there are none.
 */
export async function open(browser, url, { viewport = DESKTOP, allowed = () => false } = {}) {
  const page = await browser.newPage();
  page.faults = [];
  const fault = (words) => page.faults.push(words);
  page.on('pageerror', (error) => fault(`not caught: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && fault(`console: ${message.text()}`));
  const own = new URL(url);
  page.on('request', (request) => {
    const other = new URL(request.url());
    const isOwn = own.protocol === 'file:' ? other.pathname === own.pathname : other.host === own.host;
    const isInline = ['data:', 'blob:', 'about:'].includes(other.protocol);
    if (!(isOwn && own.protocol === other.protocol) && !isInline && !allowed(other)) fault(`asked for ${request.url().slice(0, 200)}`);
  });
  const { width, height, deviceScaleFactor } = viewport;
  // Firefox can be neither a phone nor touched.
  const isChrome = (await browser.version()).toLowerCase().includes('chrom');
  await page.setViewport(isChrome ? viewport : { width, height, deviceScaleFactor });
  await page.goto(url);
  return page;
}
