//! A small store file that is damaged: what it says afterwards is the same as before, or what it said a moment
//! earlier, or an error. What is not protected is named here.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod flips;
mod rows;
mod scene;
