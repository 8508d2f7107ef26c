//! Checks that need no test to run.

pub(crate) mod cuda;
pub(crate) mod platforms;
pub(crate) mod vendor;
