//! `POST /basic-tutorial`: takes a pet in and hands its food order on.

use flows::petstore::{BASIC_TUTORIAL, FoodOrdered, Pet};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewPet {
    pet: PetDetails,
    food_order: Option<FoodOrder>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PetDetails {
    #[schemars(length(min = 1, max = 100))]
    name: String,
    photo_url: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FoodOrder {
    #[schemars(range(min = 1))]
    quantity: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PetReply {
    #[serde(flatten)]
    pet: Pet,
    trace_id: TraceId,
}

type Emits = (FoodOrdered,);

const CONFIG: ApiConfig<NewPet, PetReply, Emits> = ApiConfig::post("ApiTrigger", "/basic-tutorial")
    .description("Takes a pet in and hands its food order on")
    .flows(&[BASIC_TUTORIAL]);

async fn handler(
    req: ApiRequest<NewPet>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<PetReply>> {
    let NewPet { pet: PetDetails { name, photo_url }, food_order } = req.body;
    let pet = Pet::taken_in(name, photo_url);

    if let Some(FoodOrder { quantity }) = food_order {
        let email = "test@test.com".into();
        ctx.emit(FoodOrdered { pet_id: pet.id.clone(), quantity, email }).await?;
    }
    ctx.logger.info("pet taken in", json!({ "id": pet.id }));

    Ok(ApiResponse::ok(PetReply { pet, trace_id: ctx.trace_id() }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    fn rex(food_order: Option<FoodOrder>) -> ApiRequest<NewPet> {
        let pet = PetDetails { name: "Rex".into(), photo_url: "https://example.com/rex".into() };
        ApiRequest::new(NewPet { pet, food_order })
    }

    #[tokio::test]
    async fn a_pet_with_a_food_order_is_taken_in_and_the_order_handed_on() {
        let (ctx, probe) = fake();

        let reply = handler(rex(Some(FoodOrder { quantity: 2 })), ctx).await.unwrap();

        assert_eq!((reply.status, reply.body.pet.name.as_str()), (StatusCode::OK, "Rex"));
        let ordered = &probe.emitted::<FoodOrdered>()[0];
        assert_eq!((&ordered.pet_id, ordered.quantity), (&reply.body.pet.id, 2));
    }

    #[tokio::test]
    async fn a_pet_without_a_food_order_is_only_taken_in() {
        let (ctx, probe) = fake();

        handler(rex(None), ctx).await.unwrap();

        assert_eq!(probe.emissions(), []);
    }

    #[tokio::test]
    async fn an_order_that_cannot_be_kept_is_not_acknowledged() {
        let (ctx, probe) = fake();
        probe.break_store().await;

        let failed = handler(rex(Some(FoodOrder { quantity: 2 })), ctx).await;

        assert!(failed.is_err());
    }
}
