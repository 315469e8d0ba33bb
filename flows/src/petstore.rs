//! The pet store: a pet is taken in, food is ordered for it, its owner is told.

use motia::prelude::*;
use uuid::Uuid;

/// The flow.
pub const BASIC_TUTORIAL: Flow =
    Flow::new("basic-tutorial").description("Takes a pet in, orders its food, tells its owner");

/// A pet of the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pet {
    /// Names the pet.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Where its picture is.
    pub photo_url: String,
}

impl Pet {
    /// A pet that was just taken in.
    #[must_use]
    pub fn taken_in(name: String, photo_url: String) -> Self {
        Self { id: Uuid::now_v7().to_string(), name, photo_url }
    }
}

/// Food was ordered for a pet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoodOrdered {
    /// The pet it is for.
    pub pet_id: String,
    /// How many portions.
    #[schemars(range(min = 1))]
    pub quantity: u32,
    /// Who is told.
    pub email: String,
}
topic!(FoodOrdered = "process-food-order");

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OrderStatus {
    /// The store knows of it.
    Placed,
    /// The store will ship it.
    Approved,
    /// It is with the pet.
    Delivered,
}

/// An order of food.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Names the order.
    pub id: String,
    /// The pet it is for.
    pub pet_id: String,
    /// How many portions.
    pub quantity: u32,
    /// When it is to be shipped.
    pub ship_date: Timestamp,
    /// How far it has come.
    pub status: OrderStatus,
    /// Whether nothing is left to do.
    pub complete: bool,
}

impl Order {
    /// Whether it should have been shipped by `now` and was not.
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        !self.complete && self.ship_date < now
    }
}

/// Every order ever placed, by id.
pub const ORDERS: StateGroup<Order> = StateGroup::new("orders");

/// Somebody is to be told something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationWanted {
    /// Who is told.
    pub email: String,
    /// Which words are used.
    pub template_id: String,
    /// What fills the words' gaps.
    pub template_data: Value,
}
topic!(NotificationWanted = "notification");

/// The address with all but its first letters and its domain hidden: `te**@test.com`.
#[must_use]
pub fn hide_address(email: &str) -> String {
    let (name, domain) = email.split_once('@').unwrap_or((email, ""));
    let shown: String = name.chars().take(2).collect();
    let hidden = "*".repeat(name.chars().count().saturating_sub(2));
    format!("{shown}{hidden}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_first_letters_and_its_domain() {
        assert_eq!(hide_address("test@test.com"), "te**@test.com");
        assert_eq!(hide_address("ä@b.c"), "ä@b.c");
        assert_eq!(hide_address("nobody"), "no****@");
    }
}
