//! The route table: what a surface declares about each of its endpoints.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use floe_model::Fault;
use floe_model::access::{KeyKind, Permission, TreasuryRole};
use http::Method;

use super::call::Call;
use super::doc::Doc;
use super::reply::Reply;
use super::sdk::Sdk;
use super::surface::Surface;

/// Bytes of a request body unless the route says otherwise (console contract, section 4).
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// A handler with its types hidden.
pub type Handler = Arc<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + Send>> + Send + Sync>;

/// One endpoint. The table is data: the router, the tests and the OpenAPI documents are made from it.
#[derive(Clone)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path with parameters in braces, e.g. `/v1/flow/{id}`. A literal word wins over a parameter.
    pub path: &'static str,
    /// The surface, which renders its faults.
    pub surface: &'static Surface,
    /// Which credentials open it.
    pub auth: Auth,
    /// Scope that a token or key must carry.
    pub scope: Option<&'static str>,
    /// Scopes that are needed beside it.
    pub also_scopes: &'static [&'static str],
    /// A scope that does instead of it.
    pub or_scope: Option<&'static str>,
    /// A key may also come as `?api_key=`: for programs that cannot set headers.
    pub query_key: bool,
    /// Permission that the role behind a session or token must hold.
    pub permission: Option<Permission>,
    /// Roles in the treasury of which a member must have one; empty is any.
    pub treasury_roles: &'static [TreasuryRole],
    /// A limit of its own beside that of the credential: its name for operators, and requests a minute.
    pub own_rate: Option<(&'static str, u32)>,
    /// Largest body, bytes.
    pub body_limit: usize,
    /// What the body is.
    pub body: BodyKind,
    /// What it says about itself.
    pub doc: Doc,
    pub(crate) handler: Handler,
    /// Set on routes of the SDK, whose requests go a way of their own.
    pub(super) sdk: Option<Sdk>,
}

/// What a body is, checked before the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// JSON of limited depth, or nothing.
    Json,
    /// Anything; the handler looks at it.
    Raw,
    /// Anything; the handler reads it as it arrives, with [`Call::take_stream`].
    Stream,
}

/// Which credentials open a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Auth {
    /// A session: its cookie, or `Authorization: Bearer ses_…`.
    pub session: bool,
    /// A personal access token.
    pub token: bool,
    /// API keys of this kind.
    pub key: Option<KeyKind>,
    /// API keys of this kind are known here and refused with 403 instead of 401.
    pub key_forbidden: Option<KeyKind>,
    /// A header that stands in for a credential when there is none; the handler checks it.
    pub instead: Option<&'static str>,
    /// Nobody has to prove anything; credentials are not looked at.
    pub public: bool,
    /// A public route that sets a cookie: a foreign `Origin` is refused.
    pub same_origin: bool,
}

impl Auth {
    const NOTHING: Self = Self {
        session: false,
        token: false,
        key: None,
        key_forbidden: None,
        instead: None,
        public: false,
        same_origin: false,
    };

    /// Without credential.
    pub const PUBLIC: Self = Self { public: true, ..Self::NOTHING };
    /// Without credential, from our own pages or programs only: set-up and sign-in.
    pub const SIGN_IN: Self = Self { public: true, same_origin: true, ..Self::NOTHING };
    /// A session only.
    pub const SESSION: Self = Self { session: true, ..Self::NOTHING };
    /// A session or a personal access token.
    pub const MEMBER: Self = Self { session: true, token: true, ..Self::NOTHING };

    /// API keys of a kind only.
    #[must_use]
    pub const fn only_key(kind: KeyKind) -> Self {
        Self { key: Some(kind), ..Self::NOTHING }
    }

    /// Also keys of a kind.
    #[must_use]
    pub const fn or_key(mut self, kind: KeyKind) -> Self {
        self.key = Some(kind);
        self
    }

    /// Keys of a kind are told 403, not 401.
    #[must_use]
    pub const fn key_is_forbidden(mut self, kind: KeyKind) -> Self {
        self.key_forbidden = Some(kind);
        self
    }

    /// A header (lower case) that the handler checks stands in when there is no credential.
    #[must_use]
    pub const fn or_header(mut self, name: &'static str) -> Self {
        self.instead = Some(name);
        self
    }

    /// No session: programs only.
    #[must_use]
    pub const fn without_session(mut self) -> Self {
        self.session = false;
        self
    }
}

macro_rules! methods {
    ($($name:ident $method:ident;)+) => {$(
        #[doc = concat!("A `", stringify!($method), "` route.")]
        pub fn $name<H, F>(surface: &'static Surface, path: &'static str, auth: Auth, handler: H) -> Self
        where
            H: Fn(Call) -> F + Send + Sync + 'static,
            F: Future<Output = Result<Reply, Fault>> + Send + 'static,
        {
            Self::new(Method::$method, surface, path, auth, handler)
        }
    )+};
}

impl Route {
    methods! {
        get GET;
        post POST;
        put PUT;
        patch PATCH;
        delete DELETE;
    }

    fn new<H, F>(method: Method, surface: &'static Surface, path: &'static str, auth: Auth, handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply, Fault>> + Send + 'static,
    {
        Self {
            method,
            path,
            surface,
            auth,
            scope: None,
            also_scopes: &[],
            or_scope: None,
            query_key: false,
            permission: None,
            treasury_roles: &[],
            own_rate: None,
            body_limit: BODY_LIMIT,
            body: BodyKind::Json,
            doc: Doc::default(),
            handler: Arc::new(move |call| Box::pin(handler(call))),
            sdk: None,
        }
    }

    /// Tokens and keys need this scope.
    #[must_use]
    pub fn scope(mut self, scope: &'static str) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Tokens and keys need these scopes too.
    #[must_use]
    pub fn also_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.also_scopes = scopes;
        self
    }

    /// Tokens and keys may have this scope instead.
    #[must_use]
    pub fn or_scope(mut self, scope: &'static str) -> Self {
        self.or_scope = Some(scope);
        self
    }

    /// A key may also come as `?api_key=`.
    #[must_use]
    pub fn takes_query_key(mut self) -> Self {
        self.query_key = true;
        self
    }

    /// Sessions and tokens need this permission of the member's role.
    #[must_use]
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permission = Some(permission);
        self
    }

    /// Members need one of these roles in the treasury.
    #[must_use]
    pub fn treasury_roles(mut self, roles: &'static [TreasuryRole]) -> Self {
        self.treasury_roles = roles;
        self
    }

    /// A limit of its own for each credential, beside that of the credential.
    #[must_use]
    pub fn own_rate(mut self, kind: &'static str, per_minute: u32) -> Self {
        self.own_rate = Some((kind, per_minute));
        self
    }

    /// Largest body, bytes.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The body is not JSON: the handler looks at it by itself.
    #[must_use]
    pub fn raw_body(mut self) -> Self {
        self.body = BodyKind::Raw;
        self
    }

    /// The body is too large to be held whole: the handler reads it as it arrives.
    #[must_use]
    pub fn streamed_body(mut self) -> Self {
        self.body = BodyKind::Stream;
        self
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.method, self.path, self.surface.name)
    }
}
