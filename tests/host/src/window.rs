//! A window of the host's own on Windows, into which a plugin puts its editor, and what is to be seen of it.
#![expect(unsafe_code, reason = "there is no other way to a window")]

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use anyhow::{Result, ensure};
use windows_sys::Win32::Foundation::HWND;
use windows_sys::Win32::Graphics::Gdi::{
    BI_RGB, BITMAPINFO, BITMAPINFOHEADER, BitBlt, CreateCompatibleBitmap, CreateCompatibleDC, DIB_RGB_COLORS, DeleteDC,
    DeleteObject, GetDC, GetDIBits, ReleaseDC, SRCCOPY, SelectObject,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, DispatchMessageW, MSG, PM_REMOVE, PeekMessageW, TranslateMessage, WS_CLIPCHILDREN,
    WS_EX_TOPMOST, WS_POPUP, WS_VISIBLE,
};
use windows_sys::w;

/// A window without a frame in the corner of the screen, before all others. It belongs to the thread that opened it.
pub struct HostWindow {
    handle: HWND,
    width: i32,
    height: i32,
}

/// What is on the screen, line by line from the top.
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green, blue and 255. `(height, width)`
    pub pixels: Vec<[u8; 4]>,
}

impl HostWindow {
    /// Opens it, with a size in pixels.
    ///
    /// # Errors
    /// When there is no screen.
    pub fn open(width: u16, height: u16) -> Result<Self> {
        let (width, height) = (i32::from(width), i32::from(height));
        let style = WS_POPUP | WS_VISIBLE | WS_CLIPCHILDREN;
        // SAFETY: the class is one of the system's own, the texts are static, and null stands for none of the others.
        let handle = unsafe {
            let (class, title) = (w!("STATIC"), w!("Antiphon's test host"));
            CreateWindowExW(
                WS_EX_TOPMOST,
                class,
                title,
                style,
                0,
                0,
                width,
                height,
                null_mut(),
                null_mut(),
                null_mut(),
                null(),
            )
        };
        ensure!(!handle.is_null(), "Windows opens no window; is there a screen?");
        Ok(Self { handle, width, height })
    }

    /// What a plugin is given to put its editor into.
    pub(crate) fn handle(&self) -> *mut c_void {
        self.handle
    }

    /// Does what waits to be done for the windows of this thread: they are drawn.
    pub fn run_messages(&self) {
        let mut message = MSG::default();
        // SAFETY: the message is ours, and is dispatched as it was taken.
        unsafe {
            while PeekMessageW(&raw mut message, null_mut(), 0, 0, PM_REMOVE) != 0 {
                TranslateMessage(&raw const message);
                DispatchMessageW(&raw const message);
            }
        }
    }

    /// What is on the screen where the window is.
    ///
    /// # Errors
    /// When Windows does not give it.
    pub fn picture(&self) -> Result<Picture> {
        let (width, height) = (self.width, self.height);
        let mut header = BITMAPINFO {
            bmiHeader: BITMAPINFOHEADER {
                biSize: u32::try_from(size_of::<BITMAPINFOHEADER>())?,
                biWidth: width,
                // The first line is the uppermost.
                biHeight: -height,
                biPlanes: 1,
                biBitCount: 32,
                biCompression: BI_RGB,
                ..Default::default()
            },
            ..Default::default()
        };
        let (n_columns, n_lines) = (u32::try_from(width)?, u32::try_from(height)?);
        let mut pixels = vec![[0u8; 4]; n_columns as usize * n_lines as usize];
        // SAFETY: `pixels` has four bytes for each of the pixels that the header describes, and all that is made here is deleted
        // here, in the opposite order.
        let n_read = unsafe {
            let screen = GetDC(null_mut());
            let memory = CreateCompatibleDC(screen);
            let bitmap = CreateCompatibleBitmap(screen, width, height);
            let before = SelectObject(memory, bitmap);
            BitBlt(memory, 0, 0, width, height, screen, 0, 0, SRCCOPY);
            SelectObject(memory, before);
            let target = pixels.as_mut_ptr().cast();
            let n_read = GetDIBits(screen, bitmap, 0, n_lines, target, &raw mut header, DIB_RGB_COLORS);
            DeleteObject(bitmap);
            DeleteDC(memory);
            ReleaseDC(null_mut(), screen);
            n_read
        };
        ensure!(n_read == height, "Windows gives {n_read} of {height} lines of the screen");
        for pixel in &mut pixels {
            let [blue, green, red, _] = *pixel;
            *pixel = [red, green, blue, 255];
        }
        Ok(Picture { width: n_columns, height: n_lines, pixels })
    }
}

impl Drop for HostWindow {
    fn drop(&mut self) {
        // SAFETY: it was opened by this thread, since it cannot be sent to another.
        unsafe { DestroyWindow(self.handle) };
    }
}
