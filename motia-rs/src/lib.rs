//! motia
