//! An app of a thousand steps that has been at work for a week: 100,000 runs, 100,000 entries of state, thousands
//! of events that wait or were given up. To see how the Workbench, or a tool of yours, bears it.
//!
//! `cargo run --example large`, then open <http://localhost:3000/__motia/>. An empty data folder is filled before
//! the app starts, which takes some seconds.

mod past;

use motia::{
    prelude::*,
    registry::{Definition, Registry, Source},
    topic::TopicDef,
};

/// Orders take one of so many ways through the warehouse, each of four steps.
const WAYS: usize = 250;

/// So many ways are in one hall; each of them leads on to the next one.
const WAYS_OF_A_HALL: usize = 10;

/// What goes through the warehouse.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Order {
    #[schemars(length(min = 1, max = 64))]
    customer: String,
    #[schemars(range(min = 1, max = 1000))]
    pieces: u32,
    /// Nobody can handle it.
    #[serde(default)]
    is_broken: bool,
}
topic!(Order = "order");

/// A name that is put together, and needed for as long as the program runs.
fn name(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// Orders on this topic.
fn orders(topic: &'static str) -> TopicDef {
    TopicDef { name: topic, ..TopicDef::of::<Order>() }
}

/// The flows of a way: all of the warehouse, and its hall.
fn flows(way: usize) -> &'static [Flow] {
    let hall = name(format!("hall-{:02}", way / WAYS_OF_A_HALL));
    let all = Flow::new("warehouse").description("All thousand steps");
    Box::leak(Box::new([all, Flow::new(hall).description("Some ways through the warehouse")]))
}

/// The four steps of a way.
fn way(way: usize) -> [Definition; 4] {
    let flows = flows(way);
    let topic = |what: &str, way: usize| name(format!("order-{way:03}.{what}"));
    let (placed, checked) = (topic("placed", way), topic("checked", way));

    let path = name(format!("/orders/{way:03}"));
    let place = ApiConfig::<Order, Order>::post(name(format!("Place{way:03}")), path);
    let mut place = place.flows(flows).description("Takes an order in").bind(
        async move |req: ApiRequest<Order>, ctx: Context| {
            ctx.emit_raw(placed, &req.body).await?;
            Ok(ApiResponse::created(req.body))
        },
    );
    place.emits = vec![orders(placed)];

    let check = EventConfig::<Order>::new(name(format!("Check{way:03}")));
    let mut check = check.flows(flows).description("Looks whether it is all there").bind(
        async move |order: Order, ctx: Context| {
            if order.is_broken {
                ctx.logger.warn("nobody can handle this", json!({ "customer": order.customer }));
                return Err(StepError::fatal("the order is broken"));
            }
            ctx.emit_raw(checked, &order).await?;
            Ok(())
        },
    );
    (check.subscribes, check.emits) = (vec![orders(placed)], vec![orders(checked)]);

    let pack = EventConfig::<Order>::new(name(format!("Pack{way:03}")));
    let mut pack = pack.flows(flows).description("Puts it into a box").bind(
        async move |order: Order, ctx: Context| {
            ctx.logger.info("packed", json!({ "pieces": order.pieces }));
            Ok(())
        },
    );
    pack.subscribes = vec![orders(checked)];
    if !(way + 1).is_multiple_of(WAYS_OF_A_HALL) {
        pack.emits = vec![orders(topic("placed", way + 1))];
    }

    let last = match way % 5 {
        0 => CronConfig::new(name(format!("Count{way:03}")), "0 3 * * *")
            .flows(flows)
            .description("Counts what is on the shelves")
            .bind(async |_: Context| Ok(())),
        1 => NoopConfig::new(name(format!("Customer{way:03}")))
            .flows(flows)
            .emits(Box::leak(Box::new([path])))
            .bind(),
        _ => {
            let ship = EventConfig::<Order>::new(name(format!("Ship{way:03}")));
            let ship = ship.flows(flows).description("Hands it to the carrier");
            let mut ship = ship.bind(async |_: Order, _: Context| Ok(()));
            ship.subscribes = vec![orders(checked)];
            ship
        }
    };
    [place, check, pack, last]
}

fn main() -> std::process::ExitCode {
    let source = Source { file: file!(), line: line!(), module: module_path!(), package_dir: "" };
    let steps = (0..WAYS).flat_map(way).map(|step| (step, source));
    motia::App::new().registry(Registry::of(steps, [])).store(past::filled).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_a_thousand_steps_of_names_of_their_own() {
        let steps: Vec<_> = (0..WAYS).flat_map(way).map(|step| step.about.name).collect();
        let names: std::collections::BTreeSet<_> = steps.iter().collect();
        assert_eq!((steps.len(), names.len()), (1000, 1000));
    }
}
