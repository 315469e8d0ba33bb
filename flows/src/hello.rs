//! The hello-world flow: a request is answered at once, its greeting is made in the background.

use motia::prelude::*;

/// The flow.
pub const HELLO_WORLD: Flow =
    Flow::new("hello-world-flow").description("Answers at once and greets in the background");

/// Somebody said hello and is to be greeted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GreetingRequested {
    /// When they said it.
    pub timestamp: Timestamp,
    /// Who greets.
    pub app_name: String,
    /// The first words of the greeting.
    pub greeting_prefix: String,
    /// Names the request.
    pub request_id: String,
}
topic!(GreetingRequested = "process-greeting");

/// A greeting that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Greeting {
    /// The words.
    pub greeting: String,
    /// When it was made.
    pub processed_at: Timestamp,
    /// When it was asked for.
    pub original_timestamp: Timestamp,
}

/// Every greeting ever made, by request.
pub const GREETINGS: StateGroup<Greeting> = StateGroup::new("greetings");
