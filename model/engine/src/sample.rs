//! Choosing a value.

/// How freely values are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 1 follows the model; lower is safer, higher wilder; 0 always takes the likeliest.
    pub temperature: f32,
    /// Nucleus sampling (Holtzman et al. 2020): only the likeliest values that together have this probability.
    pub top_p: f32,
}
