//! The circuits: one for each dependency that steps name, opened and reset by hand.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use http::HeaderMap;
use motia_core::{circuit::CircuitState, store::Page};
use motia_runtime::bus::circuit::CircuitInfo;

use crate::{
    Desk, Refusal,
    audit::Deed,
    input::{Body, query},
    operations::{Routes, Signed, does},
    paging::{Paging, page_of},
    who,
};

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/circuits",
            list,
            does("Lists the circuits of dependencies")
                .query::<Paging>()
                .answers::<Page<CircuitInfo>>(),
        )
        .post(
            "/api/circuits/{name}/open",
            open,
            does("Opens a circuit by hand: nothing that needs it starts")
                .takes::<Signed>()
                .answers::<CircuitInfo>(),
        )
        .post(
            "/api/circuits/{name}/reset",
            reset,
            does("Closes a circuit, whoever opened it").takes::<Signed>().answers::<CircuitInfo>(),
        )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<CircuitInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let circuits = desk.circuits().await?;
    Ok(Json(page_of(&request, circuits.into_iter(), |circuit| &circuit.name)))
}

async fn open(
    State(desk): State<Arc<Desk>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<CircuitInfo>), Refusal> {
    let (Path(name), by) = (name?, who::asks(&headers, &body?)?);
    let before = state_of(&desk, &name).await?;
    let circuit = desk.set_circuit(&name, Some(by.clone())).await?;
    let deed = Deed::new("circuit.open", &name).by(by).before(&before).after(&circuit.state);
    Ok((deed, Json(circuit)))
}

async fn reset(
    State(desk): State<Arc<Desk>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<CircuitInfo>), Refusal> {
    let (Path(name), by) = (name?, who::asks(&headers, &body?)?);
    let before = state_of(&desk, &name).await?;
    let circuit = desk.set_circuit(&name, None).await?;
    let deed = Deed::new("circuit.reset", &name).by(by).before(&before).after(&circuit.state);
    Ok((deed, Json(circuit)))
}

async fn state_of(desk: &Desk, name: &str) -> Result<Option<CircuitState>, Refusal> {
    let circuits = desk.circuits().await?;
    Ok(circuits.into_iter().find(|circuit| *circuit.name == *name).map(|circuit| circuit.state))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use serde_json::json;

    use crate::testing::{at_rest, get, post, running};

    async fn opened_and_reset(api: &Router) {
        let (_, circuits) = get(api, "/api/circuits").await;
        let closed = json!({
            "name": "bank", "state": "closed", "failures": 0, "opensAfter": 5, "steps": ["Charge"],
        });
        assert_eq!(circuits["items"], json!([closed]));

        let (status, bank) = post(api, "/api/circuits/bank/open", &json!({ "by": "ana" })).await;
        assert_eq!((status.as_u16(), &bank["state"]), (200, &json!("held")));
        let (_, circuits) = get(api, "/api/circuits").await;
        assert_eq!(circuits["items"][0]["by"], json!("ana"));

        let (_, bank) = post(api, "/api/circuits/bank/reset", &json!(null)).await;
        assert_eq!(bank, closed);
        let (status, problem) = post(api, "/api/circuits/post/open", &json!(null)).await;
        assert_eq!(
            (status.as_u16(), &problem["detail"]),
            (404, &json!("no step names a circuit `post`"))
        );
    }

    #[tokio::test]
    async fn a_circuit_is_opened_and_reset_by_hand() {
        let (api, runtime) = running().await;
        opened_and_reset(&api).await;
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn a_circuit_is_opened_and_reset_at_rest_too() {
        opened_and_reset(&at_rest().await).await;
    }
}
