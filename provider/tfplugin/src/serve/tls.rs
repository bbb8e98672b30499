//! Mutual TLS with exactly one client: the host that started the process.
//!
//! The host's certificate is self-signed, marked as an authority and of curve P-521, so no chain can be verified: it is
//! pinned byte for byte, and the handshake's signature proves that the client holds its key.

use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};

/// Why the link cannot be secured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The process's own certificate.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library's settings.
    #[error("cannot set up TLS")]
    Config(#[from] rustls::Error),
}

/// A server's settings and the certificate that its host has to trust.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    /// The settings.
    pub(crate) config: Arc<ServerConfig>,
    /// The new certificate of this process, for the handshake line.
    pub(crate) certificate: CertificateDer<'static>,
}

/// Makes a key and a certificate for this process, and settings that let in nobody but the holder of `client`.
pub(crate) fn pinned_to(client: CertificateDer<'static>) -> Result<Tls, TlsError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    // The host verifies this name; the rest is for people who look at the certificate.
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?.der().clone();

    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Pinned { client, provider: Arc::clone(&provider) });
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    // Newer hosts close a connection on which HTTP/2 was not negotiated.
    config.alpn_protocols = vec![b"h2".to_vec()];
    // One connection per process: nobody resumes a session.
    config.send_tls13_tickets = 0;
    Ok(Tls { config: Arc::new(config), certificate })
}

/// Accepts one certificate.
#[derive(Debug)]
struct Pinned {
    client: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if end_entity.as_ref() == self.client.as_ref() {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(rustls::CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
