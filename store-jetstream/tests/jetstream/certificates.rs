//! Certificates of a test's own: an authority, and what it signs.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

/// An authority that signs certificates; its own is a file.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
    /// The file of its certificate.
    pub(crate) certificate: PathBuf,
}

impl Authority {
    /// Makes an authority that keeps its files in a folder, which is made.
    pub(crate) fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = write(folder, "authority.pem", "CERTIFICATE", params.self_signed(&key).unwrap().der());
        Self { issuer: Issuer::new(params, key), folder: folder.to_owned(), certificate }
    }

    /// Signs a certificate for 127.0.0.1 and returns the files of it and its key.
    pub(crate) fn sign(&self, name: &str) -> (PathBuf, PathBuf) {
        self.sign_until(name, 4000)
    }

    /// Signs a certificate that is valid before a year.
    pub(crate) fn sign_until(&self, name: &str, year: i32) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = |kind: &str| format!("{name}.{kind}.pem");
        (
            write(&self.folder, &file("certificate"), "CERTIFICATE", certificate.der()),
            write(&self.folder, &file("key"), "PRIVATE KEY", &key.serialize_der()),
        )
    }
}

/// Returns the lines of a server's file that make it speak TLS and know clients by certificates of an authority.
pub(crate) fn server_lines((certificate, key): &(PathBuf, PathBuf), clients: Option<&Authority>) -> String {
    let verify = clients.map(|authority| format!(", ca_file: {:?}, verify: true", authority.certificate));
    format!("tls {{ cert_file: {certificate:?}, key_file: {key:?}{} }}", verify.unwrap_or_default())
}

fn write(folder: &Path, name: &str, label: &str, der: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    fs::write(&path, format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))).unwrap();
    path
}
