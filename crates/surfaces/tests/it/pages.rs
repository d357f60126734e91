//! The pages that are served without signing in.

use floe_testkit::on_both;

use crate::app::TestApp;

on_both! {
    async fn the_page_is_whole_and_loads_nothing_from_elsewhere(store: TestStore) {
        let (app, _) = TestApp::with_owner(store).await;
        for (path, kind) in [
            ("/ui/setup", "text/html; charset=utf-8"),
            ("/ui/setup.css", "text/css; charset=utf-8"),
            ("/ui/setup.js", "text/javascript; charset=utf-8"),
            ("/ui/", "text/html; charset=utf-8"),
            ("/ui/link", "text/html; charset=utf-8"),
            ("/ui/invite", "text/html; charset=utf-8"),
            ("/ui/reset", "text/html; charset=utf-8"),
            ("/ui/account.js", "text/javascript; charset=utf-8"),
            ("/ui/icon.svg", "image/svg+xml"),
            ("/favicon.ico", "image/svg+xml"),
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
        let root = app.get("/").send().await;
        assert_eq!((root.status.as_u16(), root.header("location")), (302, "/ui/"));
        assert_eq!(app.get("/ui/other").send().await.status, 404);
    }
}
