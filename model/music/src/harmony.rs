//! What sounds together, and what follows from it.
//!
//! Reading order: [`key`] finds the key, and [`spelling`] the names of its notes; [`voices`] finds the voices in notes that name none; [`counterpoint`] counts how voices
//! keep the rules of the textbooks, and weighs it by how real music of a style keeps them.

pub mod counterpoint;
pub mod key;
pub mod spelling;
pub mod voices;
