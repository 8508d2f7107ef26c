// Listens to a page of `model listen make` in real browsers, as people do: with a mouse, on a phone, and by keys alone. Each plays all
// pairs to the end, answers, goes on after a reload, and saves a file for `model listen merge`.
//
// node tests/browser/listen.mjs PAGE OUT [--pictures FOLDER] [--only NAME]
//
// NAME is how the names of listeners begin: chrome, firefox-keys.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { DESKTOP, PHONE, SKIPPED, installed, launch, open, silentDevice } from './launch.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { pictures: { type: 'string' }, only: { type: 'string' } } });
const [file, out] = positionals.map((path) => resolve(path));
assert(file && out, 'name the page, and the folder for what listeners save');
mkdirSync(out, { recursive: true });
if (values.pictures) mkdirSync(values.pictures, { recursive: true });

/** Slow machines decode slowly. */
const PATIENCE_MS = 60_000;

/** Who listens: all see the same pairs, and each answers otherwise. */
const LISTENERS = [
  { name: 'chrome-mouse', browser: 'chrome', viewport: DESKTOP, byKeys: false },
  { name: 'chrome-phone', browser: 'chrome', viewport: PHONE, byKeys: false },
  { name: 'firefox-keys', browser: 'firefox', viewport: DESKTOP, byKeys: true },
  { name: 'chrome-keys', browser: 'chrome', viewport: DESKTOP, byKeys: true },
];

/** Starts a browser, listens and saves. */
async function listenAs(listener) {
  const begun = Date.now();
  const downloads = join(out, `downloads-${listener.name}`);
  mkdirSync(downloads, { recursive: true });
  const browser = await launch(browsers.find(({ name }) => name === listener.browser), { downloads });
  try {
    const page = await open(browser, pathToFileURL(file), listener);
    const visit = new Visit(page, listener);
    const n = await visit.all();
    assert.deepEqual(page.faults, [], `${listener.name}: the page does what it should not`);
    const saved = await visit.save(downloads);
    assert.equal(saved.trials.length, n);
    assert(saved.trials.every(({ plays }) => plays.a >= 1 && plays.b >= 1), 'both are heard');
    console.log(`${listener.name}: ${n} pairs in ${Math.round((Date.now() - begun) / 1000)} s, with ${await browser.version()}`);
  } catch (error) {
    throw new Error(`${listener.name}: ${error.message}`, { cause: error });
  } finally {
    await browser.close();
  }
}

class Visit {
  constructor(page, { name, byKeys, viewport }) {
    Object.assign(this, { page, name, byKeys, isPhone: viewport === PHONE });
    page.setDefaultTimeout(PATIENCE_MS);
  }

  /** Answers all pairs. */
  async all() {
    const { page } = this;
    const pairs = await page.evaluate(() => data.trials);
    await this.soundsLikeMusic();
    await this.picture('intro');
    if (this.byKeys) {
      await page.focus('#begin');
      await page.keyboard.press('Enter');
    } else {
      await page.select('#years', '3-5');
      await page.click('#begin');
    }
    for (let i = 0; i < pairs.length; i++) {
      const isSeen = (text) => page.waitForFunction((text) => document.getElementById('number').textContent === text, {}, text);
      await isSeen(String(i + 1));
      await this.pair(i, Math.max(...pairs.map(({ seconds }) => seconds)));
      // Whoever closes the page goes on where they were.
      if (i === 0 && pairs.length > 1) {
        await isSeen('2');
        await page.reload();
        assert.equal(await this.text('#begin'), 'Go on with pair 2');
        await page.click('#begin');
      }
    }
    await page.waitForSelector('#end:not([hidden])');
    assert.equal(await this.text('#summary'), `You compared all ${pairs.length} pairs.`);
    await this.picture('end');
    return pairs.length;
  }

  /** Hears both and answers. */
  async pair(i, seconds) {
    const { page, byKeys } = this;
    const isOpen = () => page.$eval('#questions', (form) => [...form.querySelectorAll('fieldset')].every((fieldset) => !fieldset.disabled));
    for (const side of i % 2 === 0 ? ['a', 'b'] : ['b', 'a']) {
      assert(!(await isOpen()), 'nobody answers what they have not heard');
      assert(await page.$eval('#next', (next) => next.disabled));
      await (byKeys ? page.keyboard.press(side) : page.click(`#play-${side}`));
      if (i === 0 && side === 'b') {
        await page.waitForFunction(() => document.getElementById('status').textContent.includes('answer'));
        await this.picture('playing');
      }
      await page.waitForSelector(`#player-${side}.heard`, { timeout: PATIENCE_MS + 1000 * seconds });
    }
    assert(await isOpen(), 'who has heard both may answer');
    if (i === 0 && !byKeys) await this.hasNames();
    // 1 is A, 2 is B, 3 cannot tell; then scales from 1 to 5.
    const digits = [1 + (i % 3), ...[5, 4, 3, 2, 1, 3].map((n) => 1 + ((n + i) % 5))];
    const fieldsets = await page.$$('#questions fieldset');
    for (const [place, fieldset] of fieldsets.entries()) {
      if (byKeys) await page.keyboard.press(String(digits[place]));
      else await (await fieldset.$$('label'))[digits[place] - 1].click();
    }
    await page.waitForSelector('#next:enabled');
    if (i === 0) await this.picture('answered');
    await (byKeys ? page.keyboard.press('Enter') : page.click('#next'));
  }

  /** The file that the page saves, and what it shows of it. */
  async save(downloads) {
    const { page } = this;
    const shown = JSON.parse(await page.$eval('#text', (text) => text.value));
    if (this.byKeys) {
      await page.focus('#save');
      await page.keyboard.press('Enter');
    } else await page.click('#save');
    const isSaved = () => readdirSync(downloads).find((name) => name.endsWith('.json'));
    for (let waited = 0; !isSaved() && waited < PATIENCE_MS; waited += 200) await delay(200);
    assert(isSaved(), 'the page saves a file');
    const path = join(out, `${this.name}.json`);
    renameSync(join(downloads, isSaved()), path);
    const saved = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual(saved, shown);
    return saved;
  }

  /** The browser decodes what was encoded, and it is as loud as it should be. */
  async soundsLikeMusic() {
    const levels = await this.page.evaluate(async () => {
      const context = new OfflineAudioContext(1, 1, 44100);
      const of = async (text) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const samples = (await context.decodeAudioData(bytes.buffer)).getChannelData(0);
        return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      };
      return Promise.all(data.sounds.slice(0, 6).map(of));
    });
    for (const level of levels) assert(level > 0.01 && level < 0.3, `a sound has a level of ${level}`);
  }

  /** Whoever does not see the page is told what each control is. */
  async hasNames() {
    if (!this.page.accessibility || this.name.startsWith('firefox')) return;
    const nodes = [];
    const collect = (node) => {
      nodes.push(node);
      node.children?.forEach(collect);
    };
    collect(await this.page.accessibility.snapshot({ interestingOnly: false }));
    const named = (role) => nodes.filter((node) => node.role === role).map((node) => node.name);
    for (const role of ['radio', 'button', 'group']) assert(named(role).every(Boolean), `a ${role} has no name: ${named(role)}`);
    assert(named('radio').includes('A') && named('radio').includes("can't tell") && named('group').includes('Which one answers the call better?'));
  }

  text(selector) {
    return this.page.$eval(selector, (element) => element.textContent);
  }

  /** Of the whole page, if pictures are wanted; and nothing is wider than the screen. */
  async picture(what) {
    const { page } = this;
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert(over <= 0, `${what} is ${over} pixels wider than the screen`);
    if (values.pictures && !(this.byKeys && this.name.startsWith('chrome'))) {
      await page.screenshot({ path: join(values.pictures, `${this.name}-${what}.png`), fullPage: true });
    }
  }
}

const browsers = installed();
const device = await silentDevice();
const canListen = ({ browser }) => browsers.some(({ name }) => name === browser) && (browser !== 'firefox' || device.isThere);
const asked = LISTENERS.filter(({ name }) => name.startsWith(values.only ?? ''));
const listeners = asked.filter(canListen);
for (const { name } of asked.filter((listener) => !canListen(listener))) {
  console.log(`${name} does not listen: the browser is not here${device.isThere ? '' : ', or without pulseaudio it plays nothing'}`);
}
try {
  const ends = await Promise.allSettled(listeners.map(listenAs));
  for (const { reason } of ends.filter(({ status }) => status === 'rejected')) console.error(reason);
  const isDone = ends.every(({ status }) => status === 'fulfilled');
  process.exitCode = ends.length === 0 ? SKIPPED : isDone ? 0 : 1;
} finally {
  await device.close();
}
