//! A window of the host's own on Windows, into which a plugin puts its editor.
#![expect(unsafe_code, reason = "there is no other way to a window")]

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use anyhow::{Result, ensure};
use windows_sys::Win32::Foundation::HWND;
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, DispatchMessageW, MSG, PM_REMOVE, PeekMessageW, TranslateMessage, WS_CLIPCHILDREN,
    WS_EX_TOPMOST, WS_POPUP, WS_VISIBLE,
};
use windows_sys::w;

/// A window without a frame in the corner of the screen, before all others. It belongs to the thread that opened it.
pub struct HostWindow(HWND);

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
        Ok(Self(handle))
    }

    /// What a plugin is given to put its editor into.
    pub(crate) fn handle(&self) -> *mut c_void {
        self.0
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
}

impl Drop for HostWindow {
    fn drop(&mut self) {
        // SAFETY: it was opened by this thread, since it cannot be sent to another.
        unsafe { DestroyWindow(self.0) };
    }
}
