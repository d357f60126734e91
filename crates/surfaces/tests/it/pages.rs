//! The set-up page: what the one-time link opens.

use floe_testkit::on_both;

use crate::app::TestApp;

on_both! {
    async fn the_page_is_whole_and_loads_nothing_from_elsewhere(store: TestStore) {
        let (app, _) = TestApp::with_owner(store).await;
        for (path, kind) in [
            ("/ui/setup", "text/html; charset=utf-8"),
            ("/ui/setup.css", "text/css; charset=utf-8"),
            ("/ui/setup.js", "text/javascript; charset=utf-8"),
        ] {
            let answer = app.get(path).send().await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("content-type"), kind);
            assert_eq!(
                answer.header("content-security-policy"),
                "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
        assert_eq!(app.get("/ui/other").send().await.status, 404);
    }
}
