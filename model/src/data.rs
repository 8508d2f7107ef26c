//! From files to batches: a corpus is listed, prepared into shards, and drawn from.
//!
//! Reading order: [`corpus`] lists files; [`prepare`] reads, checks and labels them; [`shards`] is the folder it writes;
//! [`dataset`] draws crops of it, `phrases` finds calls and their answers; [`sequence`] makes events of notes; [`batch`] is what the network reads. [`hands`] plays scores as people
//! would, `performance` hears that; [`ear`] makes what the ear takes for usual.

pub mod batch;
pub mod corpus;
pub mod dataset;
pub mod ear;
pub mod hands;
pub(crate) mod performance;
pub(crate) mod phrases;
pub mod prepare;
pub mod sequence;
pub mod shards;
