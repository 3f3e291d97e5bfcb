//! A certificate of a server that has expired, made for a drill.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::error::DrillError;
use crate::nats::NatsError;

/// The files of an authority and of a server's expired certificate; they go with this.
#[derive(Debug)]
pub(super) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Returns the file of the authority's certificate.
    pub(super) fn authorities(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Returns the lines that a server's file needs.
    pub(super) fn server_lines(&self) -> String {
        let file = |name: &str| self.folder.path().join(name);
        format!("tls {{ cert_file: {:?}, key_file: {:?} }}", file("server.pem"), file("server.key"))
    }
}

/// Makes a certificate that was good in the year 2020.
pub(super) fn expired_certificate() -> Result<Certificates, DrillError> {
    let certificate = |source| DrillError::Certificate { source };
    let mut authority = CertificateParams::new(Vec::new()).map_err(certificate)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().map_err(certificate)?;
    let authority_certificate = authority.self_signed(&authority_key).map_err(certificate)?;
    let issuer = Issuer::new(authority, authority_key);
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).map_err(certificate)?;
    server.not_before = date_time_ymd(2020, 1, 1);
    server.not_after = date_time_ymd(2020, 12, 31);
    let key = KeyPair::generate().map_err(certificate)?;
    let signed = server.signed_by(&key, &issuer).map_err(certificate)?;
    let folder = tempfile::tempdir().map_err(NatsError::files)?;
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).map_err(NatsError::files);
    write("authority.pem", pem("CERTIFICATE", authority_certificate.der()))?;
    write("server.pem", pem("CERTIFICATE", signed.der()))?;
    write("server.key", pem("PRIVATE KEY", &key.serialize_der()))?;
    Ok(Certificates { folder })
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n").collect::<String>();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}
