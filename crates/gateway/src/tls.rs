//! TLS from two PEM files: a chain of certificates and its private key.
//!
//! Never makes either, and never reads them again: a new certificate takes a new start.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{Error, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// What shakes hands with these files.
pub(crate) fn acceptor(chain: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let wrong = |path: &Path, what: &dyn core::fmt::Display| {
        format!("the TLS file {} can't be used: {what}", path.display())
    };
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(chain).map_err(|error| wrong(chain, &error))?.collect();
    let certificates = certificates.map_err(|error| wrong(chain, &error))?;
    if certificates.is_empty() {
        return Err(wrong(chain, &"no certificate stands in it"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| {
        let none = matches!(error, pem::Error::NoItemsFound);
        if none { wrong(key, &"no private key stands in it") } else { wrong(key, &error) }
    })?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| wrong(chain, &error))?;
    let config = builder.with_no_client_auth().with_single_cert(certificates, secret);
    let others = || format!("it is not the key of the certificate in {}", chain.display());
    let mut config = config.map_err(|error| {
        let mixed = matches!(error, Error::InconsistentKeys(_));
        if mixed { wrong(key, &others()) } else { wrong(key, &error) }
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn files_that_do_not_go_together_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str| {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
            let place = |what: &str| folder.path().join(format!("{name}-{what}.pem"));
            let (chain, key) = (place("chain"), place("key"));
            std::fs::write(&chain, made.cert.pem()).unwrap();
            std::fs::write(&key, made.key_pair.serialize_pem()).unwrap();
            (chain, key)
        };
        let ((chain, key), (other, _)) = (made("one"), made("other"));
        assert!(acceptor(&chain, &key).is_ok());
        let said = |chain: &Path, key: &Path| acceptor(chain, key).err().unwrap();
        let (shown, used) = (key.display(), "can't be used:");
        let mixed = said(&other, &key);
        assert!(mixed.contains(&format!("{shown} {used} it is not the key of")), "{mixed}");
        assert!(mixed.contains(other.to_str().unwrap()), "{mixed}");
        let twice = said(&chain, &chain);
        assert!(twice.contains(chain.to_str().unwrap()), "{twice}");
        assert!(twice.ends_with("no private key stands in it"), "{twice}");
        let none = said(&key, &key);
        assert!(none.contains(&format!("{shown} {used} no certificate")), "{none}");
    }
}
