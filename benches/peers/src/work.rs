//! What one process does: load and ask, or open and ask.

use std::path::Path;
use std::time::{Duration, Instant};

use cidgraph_harness::measure::process_memory;
use cidgraph_harness::workload::{COLORS, KINDS};

use crate::Outcome;
use crate::data::{Questions, edges, nodes, questions};
use crate::figures::{Opened, Worked};
use crate::peer::{Peer, make};

/// How long an engine is given to hand freed memory back.
const CALM: Duration = Duration::from_millis(500);

/// Loads the data of `folder` and asks all questions.
pub(crate) fn load_and_ask(peer: &str, folder: &Path, home: &Path) -> Outcome<Worked> {
    let mut peer = make(peer, home)?;
    let started = Instant::now();
    peer.load(&mut nodes(folder)?, &mut edges(folder)?)?;
    let load_s = started.elapsed().as_secs_f64();
    std::thread::sleep(CALM);
    ask(peer.as_ref(), folder, Some(load_s))
}

/// Opens what was left in `home` and asks all questions; what it takes is counted behind them.
pub(crate) fn serve(peer: &str, folder: &Path, home: &Path) -> Outcome<Worked> {
    let mut peer = make(peer, home)?;
    if !peer.open()? {
        return Err("there is nothing to open".into());
    }
    let worked = ask(peer.as_ref(), folder, None)?;
    Ok(Worked { resident: resident()?, ..worked })
}

fn ask(peer: &dyn Peer, folder: &Path, load_s: Option<f64>) -> Outcome<Worked> {
    let resident = resident()?;
    let questions = questions(folder)?;
    let mut asked = Asked { digest: 0xcbf2_9ce4_8422_2325 };
    let point_ns = asked.points(peer, &questions)?;
    let count_ns = asked.counts(peer)?;
    let two_hop_ns = asked.each(&questions.starts, |node| peer.two_hop(*node))?;
    let path_ns = asked.each(&questions.pairs, |[from, to]| Ok(peer.path(*from, *to)?.unwrap_or(u64::MAX)))?;
    let digest = format!("{:016x}", asked.digest);
    Ok(Worked { load_s, resident, point_ns, count_ns, two_hop_ns, path_ns, digest })
}

/// Opens what was left in `home` and reads one node.
pub(crate) fn open_and_ask(peer: &str, folder: &Path, home: &Path) -> Outcome<Option<Opened>> {
    let questions = questions(folder)?;
    let started = Instant::now();
    let mut peer = make(peer, home)?;
    if !peer.open()? {
        return Ok(None);
    }
    let point = peer.point(questions.points[0])?;
    let open_s = started.elapsed().as_secs_f64();
    Ok(Some(Opened { open_s, resident: resident()?, point }))
}

fn resident() -> Outcome<u64> {
    Ok(process_memory().ok_or("the operating system tells what a process takes")?.resident)
}

/// What has been answered so far, as one number (FNV-1a over the answers in order).
struct Asked {
    digest: u64,
}

impl Asked {
    /// Reads the nodes, 100 a sample, since one takes less than a clock does; returns the median of the means.
    fn points(&mut self, peer: &dyn Peer, questions: &Questions) -> Outcome<f64> {
        let mut samples = Vec::new();
        for nodes in questions.points.chunks(100) {
            let started = Instant::now();
            let answers: Vec<u64> = nodes.iter().map(|node| peer.point(*node)).collect::<Outcome<_>>()?;
            samples.push(started.elapsed().as_nanos() as f64 / nodes.len() as f64);
            answers.into_iter().for_each(|answer| self.note(answer));
        }
        Ok(median(samples))
    }

    fn counts(&mut self, peer: &dyn Peer) -> Outcome<f64> {
        let pairs: Vec<(&str, &str)> =
            KINDS.iter().flat_map(|kind| COLORS.iter().map(|color| (*kind, *color))).collect();
        self.each(&pairs, |(kind, color)| peer.count(kind, color))
    }

    fn each<Q>(&mut self, questions: &[Q], ask: impl Fn(&Q) -> Outcome<u64>) -> Outcome<f64> {
        let mut samples = Vec::new();
        for question in questions {
            let started = Instant::now();
            let answer = ask(question)?;
            samples.push(started.elapsed().as_nanos() as f64);
            self.note(answer);
        }
        Ok(median(samples))
    }

    fn note(&mut self, answer: u64) {
        for byte in answer.to_le_bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
