//! A flow: a named group of steps.

/// A named group of steps, drawn together in the Workbench.
///
/// ```
/// use motia_core::flow::Flow;
///
/// const ORDERS: Flow = Flow::new("orders").description("From the shop window to the parcel");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Flow {
    /// What it is called.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
}

impl Flow {
    /// A flow of this name.
    ///
    /// # Panics
    /// At compile time, when the name is empty or has spaces.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        crate::topic::assert_name(name);
        Self { name, description: "" }
    }

    /// Says what the flow does.
    #[must_use]
    pub const fn description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }
}
