//! The process's one DTLS identity, and a DTLS provider that validates its configuration once (RFC 8827, RFC 6347).
//!
//! str0m's own provider rebuilds and re-validates the DTLS configuration for every peer connection, which costs more
//! than everything else in a session's set-up together. This one keeps it.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion};

/// The largest DTLS datagram that is sent, in bytes: str0m's default target, which every path in practice carries.
const DTLS_MTU: usize = str0m::DATAGRAM_MTU_TARGET;

/// What all peer connections of the process share: the crypto provider and the self-signed certificate.
pub(super) struct Identity {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) certificate: DtlsCert,
}

/// The identity could not be made: the operating system gave no randomness, or the crypto library refused.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the DTLS identity could not be made")]
pub struct IdentityError;

/// The process-wide identity, made at the first call (about 1 ms).
pub(super) fn identity() -> Result<&'static Identity, IdentityError> {
    static IDENTITY: OnceLock<Option<Identity>> = OnceLock::new();
    IDENTITY.get_or_init(make_identity).as_ref().ok_or(IdentityError)
}

fn make_identity() -> Option<Identity> {
    static CACHED: OnceLock<CachedDtls> = OnceLock::new();
    let base = str0m::crypto::from_feature_flags();
    let certificate = base.dtls_provider.generate_certificate()?;
    let config = dtls_config(DTLS_MTU).ok()?;
    let cached: &'static CachedDtls = CACHED.get_or_init(|| CachedDtls { config });
    let provider = CryptoProvider { dtls_provider: cached, ..base };
    Some(Identity { provider: Arc::new(provider), certificate })
}

fn dtls_config(mtu: usize) -> Result<Arc<dimpl::Config>, CryptoError> {
    // ICE has verified the peer's address before DTLS sees a byte of it: server cookies would only cost a round trip.
    let config = dimpl::Config::builder().use_server_cookie(false).mtu(mtu).build();
    config.map(Arc::new).map_err(|e| CryptoError::Other(e.to_string()))
}

/// Fills `buffer` with random bytes fit for passwords.
pub(super) fn random(buffer: &mut [u8]) -> Result<(), IdentityError> {
    getrandom::fill(buffer).map_err(|_| IdentityError)
}

/// Random text of `length` characters out of 64 (six bits each), legal as ICE user fragment and password
/// (RFC 8839 section 5.4) and in a URL.
pub(super) fn random_token(length: usize) -> Result<String, IdentityError> {
    // ice-char is ALPHA / DIGIT / "+" / "/".
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = vec![0_u8; length];
    random(&mut bytes)?;
    Ok(bytes.iter().map(|b| char::from(ALPHABET[usize::from(b & 63)])).collect())
}

/// A DTLS provider whose configuration was validated once.
#[derive(Debug)]
struct CachedDtls {
    config: Arc<dimpl::Config>,
}

impl DtlsProvider for CachedDtls {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        None // The process's certificate is always given to the configuration.
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let config = match mtu {
            Some(other) if other != self.config.mtu() => dtls_config(other)?,
            _ => self.config.clone(),
        };
        if version != DtlsVersion::Dtls12 {
            return Err(CryptoError::Other(format!("unsupported DTLS version {version}")));
        }
        Ok(Box::new(Instance(dimpl::Dtls::new_12(config, certificate.clone(), now))))
    }
}

/// One DTLS association.
struct Instance(dimpl::Dtls);

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instance")
    }
}

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buffer)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_one_per_process() {
        let first = identity().expect("identity");
        let second = identity().expect("identity");
        assert!(std::ptr::eq(first, second));
        assert!(!first.certificate.certificate.is_empty());
    }

    #[test]
    fn tokens_are_random_and_of_legal_characters() {
        let (a, b) = (random_token(24).expect("random"), random_token(24).expect("random"));
        assert_ne!(a, b);
        assert_eq!(a.len(), 24);
        assert!(a.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'+' || c == b'/'));
    }
}
