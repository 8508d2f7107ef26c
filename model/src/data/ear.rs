//! What the ear takes for usual, made from training scores, which simulated hands play.
//!
//! Reading order: [`rhythm_tables`] counts; [`perceptron`] trains small networks, on [`note_values`] and [`tempo_ranker`].

pub mod note_values;
pub mod perceptron;
pub mod rhythm_tables;
pub mod tempo_ranker;
