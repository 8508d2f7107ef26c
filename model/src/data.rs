//! From files to batches: a corpus is listed, prepared into shards, and drawn from.
//!
//! Reading order: [`corpus`] lists files; [`prepare`] reads, checks and labels them; [`shards`] is the folder it writes;
//! [`dataset`] draws crops of it; [`sequence`] makes events of their notes; [`batch`] is what the network reads. [`hands`] plays scores as people
//! would, [`rhythm_tables`] counts what the ear takes for usual, and [`perceptron`] trains its small networks, on [`note_values`]
//! and [`tempo_ranker`].

pub mod batch;
pub mod corpus;
pub mod dataset;
pub mod hands;
pub mod note_values;
pub mod perceptron;
pub mod prepare;
pub mod rhythm_tables;
pub mod sequence;
pub mod shards;
pub mod tempo_ranker;
