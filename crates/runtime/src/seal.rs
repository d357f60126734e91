//! Values that are sealed at rest: envelope encryption under the server secret.
//!
//! Each workspace has data keys of its own, kept in the database wrapped under a key that is derived from the server secret. A value
//! is sealed with the newest data key of its workspace; the sealed bytes name that key, so that keys can be replaced one by one.
//! Workspace and place (which record, which field) are bound to it: sealed bytes that are copied into another row do not open there.
//!
//! The cipher is XChaCha20-Poly1305, whose 24-byte nonces are drawn at random without a count. Nothing that was opened is kept here.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use floe_model::id::{ConnectionId, VariableId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::access::sealed_keys::{self, SealedKey};
use sha2::{Digest, Sha256};

use crate::ids::Ids;

/// First byte of everything sealed in this way: version of the layout.
const LAYOUT: u8 = 1;
const KEY_BYTES: usize = 32;
const ID_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Where a sealed value stands. Bytes sealed for one place do not open in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which field of which kind of record, e.g. `variable.value`. Never changed once something was sealed there.
    pub field: &'static str,
    /// Id of the record.
    pub id: u128,
}

impl Place {
    /// A field of a record.
    #[must_use]
    pub fn new(field: &'static str, id: impl Into<u128>) -> Self {
        Self { field, id: id.into() }
    }
}

impl Place {
    /// The value of a variable.
    #[must_use]
    pub fn variable(id: VariableId) -> Self {
        Self::new("variable.value", id.0)
    }

    /// The value of a variable in test mode.
    #[must_use]
    pub fn variable_test(id: VariableId) -> Self {
        Self::new("variable.test_value", id.0)
    }

    /// A secret that signs the callbacks of a workspace.
    #[must_use]
    pub fn callback_secret(workspace: WorkspaceId) -> Self {
        Self::new("workspace.callback_secret", workspace.0)
    }

    /// The secret of a connection.
    #[must_use]
    pub fn connection(id: ConnectionId) -> Self {
        Self::new("connection.secret", id.0)
    }
}

/// What a try of the server secret on this database shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretCheck {
    /// Nothing was sealed yet.
    Unused,
    /// It opens what was sealed.
    Fits,
    /// The database was sealed under another server secret.
    Other,
    /// It is the right one, and the stored key is damaged.
    Damaged,
}

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Seal {
    root: [u8; KEY_BYTES],
    root_id: [u8; ID_BYTES],
}

impl Seal {
    /// With the key that wraps data keys, derived from the server secret for this purpose alone.
    #[must_use]
    pub fn new(root: [u8; KEY_BYTES]) -> Self {
        let digest = Sha256::new().chain_update(b"floe root key\0").chain_update(root).finalize();
        let mut root_id = [0; ID_BYTES];
        root_id.copy_from_slice(&digest[..ID_BYTES]);
        Self { root, root_id }
    }

    /// Seals a value with the newest data key of the workspace, which is made when there is none.
    ///
    /// # Errors
    /// Of the database; internal when the server secret is not the one that this workspace was sealed under.
    pub fn seal(
        &self,
        tx: &mut Tx<'_>,
        ids: &Ids,
        workspace: WorkspaceId,
        place: Place,
        plain: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let key = match sealed_keys::newest(tx, workspace)? {
            Some(key) => key,
            None => self.make_key(tx, ids, workspace)?,
        };
        let data_key = self.unwrap(&key)?;
        let mut sealed = vec![LAYOUT];
        sealed.extend(key.id.to_be_bytes());
        encrypt(&data_key, &bound_to(workspace, place), ids.secret(), plain, &mut sealed)?;
        Ok(sealed)
    }

    /// Opens what [`Seal::seal`] has sealed at the same place.
    ///
    /// # Errors
    /// Of the database; internal when the bytes are damaged, belong elsewhere, or were sealed under another server secret.
    pub fn open(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, place: Place, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let damaged = || Fault::internal(format!("the sealed value at {} cannot be opened", place.field));
        let (&layout, rest) = sealed.split_first().ok_or_else(damaged)?;
        let (id, rest) = rest.split_first_chunk::<ID_BYTES>().ok_or_else(damaged)?;
        if layout != LAYOUT {
            return Err(damaged());
        }
        let key = sealed_keys::find(tx, workspace, u128::from_be_bytes(*id))?.ok_or_else(damaged)?;
        let data_key = self.unwrap(&key)?;
        decrypt(&data_key, &bound_to(workspace, place), rest).ok_or_else(damaged)
    }

    /// [`Seal::open`] for a text.
    ///
    /// # Errors
    /// As [`Seal::open`].
    pub fn open_text(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        place: Place,
        sealed: &[u8],
    ) -> Result<String, Fault> {
        let bytes = self.open(tx, workspace, place, sealed)?;
        String::from_utf8(bytes).map_err(|_| Fault::internal(format!("the sealed value at {} is no text", place.field)))
    }

    /// Makes a new data key for a workspace; from now on it seals, and the older ones open what they have sealed.
    ///
    /// # Errors
    /// Of the database.
    pub fn add_key(&self, tx: &mut Tx<'_>, ids: &Ids, workspace: WorkspaceId) -> Result<(), Fault> {
        self.make_key(tx, ids, workspace).map(drop)
    }

    /// Tries the server secret on this database.
    ///
    /// # Errors
    /// Of the database.
    pub fn check(&self, tx: &mut Tx<'_>) -> Result<SecretCheck, Fault> {
        Ok(match sealed_keys::any(tx)? {
            None => SecretCheck::Unused,
            Some(key) if key.root != self.root_id => SecretCheck::Other,
            Some(key) if self.unwrap(&key).is_ok() => SecretCheck::Fits,
            Some(_) => SecretCheck::Damaged,
        })
    }

    fn make_key(&self, tx: &mut Tx<'_>, ids: &Ids, workspace: WorkspaceId) -> Result<SealedKey, Fault> {
        let (id, created_at): (u128, Timestamp) = (ids.next_bits(), ids.now());
        let data_key: [u8; KEY_BYTES] = ids.secret();
        let mut wrapped = vec![LAYOUT];
        encrypt(&self.root, &wrapped_for(workspace, id), ids.secret(), &data_key, &mut wrapped)?;
        let key = SealedKey { workspace, id, root: self.root_id, wrapped, created_at };
        sealed_keys::insert(tx, &key)?;
        Ok(key)
    }

    fn unwrap(&self, key: &SealedKey) -> Result<[u8; KEY_BYTES], Fault> {
        if key.root != self.root_id {
            return Err(Fault::internal("FLOE_SECRET_KEY is not the one under which this database was sealed"));
        }
        let opened = match key.wrapped.split_first() {
            Some((&LAYOUT, rest)) => decrypt(&self.root, &wrapped_for(key.workspace, key.id), rest),
            _ => None,
        };
        let opened = opened.and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok());
        opened.ok_or_else(|| Fault::internal("a data key is damaged"))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(..)")
    }
}

/// What a value is bound to: workspace, record and field.
fn bound_to(workspace: WorkspaceId, place: Place) -> Vec<u8> {
    [b"floe value\0", &workspace.0.to_be_bytes()[..], &place.id.to_be_bytes(), place.field.as_bytes()].concat()
}

/// What a wrapped data key is bound to.
fn wrapped_for(workspace: WorkspaceId, id: u128) -> Vec<u8> {
    [b"floe data key\0", &workspace.0.to_be_bytes()[..], &id.to_be_bytes()].concat()
}

/// Appends nonce and ciphertext.
fn encrypt(
    key: &[u8; KEY_BYTES],
    bound: &[u8],
    nonce: [u8; NONCE_BYTES],
    plain: &[u8],
    into: &mut Vec<u8>,
) -> Result<(), Fault> {
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: bound });
    into.extend(nonce);
    into.extend(sealed.map_err(|_| Fault::internal("a value could not be sealed"))?);
    Ok(())
}

/// Opens nonce and ciphertext; `None` for anything but what was sealed with this key and binding.
fn decrypt(key: &[u8; KEY_BYTES], bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    if sealed.len() < TAG_BYTES {
        return None;
    }
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: bound }).ok()
}
