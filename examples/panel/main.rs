//! A page of the app's own in the Workbench: how many times each name was greeted.
//!
//! `cargo run --example panel`, then `curl localhost:3000/hello/Ada`, and open
//! <http://localhost:3000/__motia/panels/greetings/>, or "Greetings" in the Workbench.

use motia::prelude::*;

/// How often each name was greeted.
const GREETED: StateGroup<i64> = StateGroup::new("greeted");

/// The page: plain files beside this one, which become part of the program.
const GREETINGS: Panel = Panel::new("greetings", "Greetings").files(&[
    PanelFile::new("index.html", include_bytes!("index.html")),
    PanelFile::new("panel.css", include_bytes!("panel.css")),
    PanelFile::new("panel.js", include_bytes!("panel.js")),
]);

/// `GET /hello/{name}`: greets, and counts it.
mod hello {
    use super::*;

    const CONFIG: ApiConfig<(), String> = ApiConfig::get("Hello", "/hello/{name}");

    async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<String>> {
        let name = req.param("name").unwrap_or("stranger");

        ctx.state.increment(GREETED, name, 1).await?;

        Ok(ApiResponse::ok(format!("Hello {name}!")))
    }

    step!(CONFIG, handler);
}

fn main() -> std::process::ExitCode {
    motia::App::new().panel(GREETINGS).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_can_be_shown_and_has_all_that_it_loads() {
        assert_eq!(GREETINGS.fault(), None);
        let index = GREETINGS.file("index.html").unwrap();
        let index = std::str::from_utf8(index.bytes).unwrap();
        for file in ["panel.css", "panel.js"] {
            assert!(index.contains(file) && GREETINGS.file(file).is_some(), "{file}");
        }
    }
}
