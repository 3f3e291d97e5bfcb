//! The bench on a small graph: what it says of a long past and of a layout.

use cidgraph_viz::bench::{BenchPlan, Rung, Scenario, run};

#[test]
fn a_long_past_and_a_layout_have_their_rows() {
    let scenarios = vec![Scenario::Scrubbing, Scenario::Layout];
    let plan = BenchPlan { nodes: 600, rungs: vec![Rung::A], scenarios, pictures: None };
    let report = run(&plan, |_| {}).unwrap();
    let measured = |id: &str| {
        let row = report.targets.iter().find(|row| row.id == id).unwrap_or_else(|| panic!("there is no row {id}"));
        assert_eq!(row.met, None, "{id}: the graph is too small to tell");
        row.measured.unwrap()
    };
    let uploaded = measured("frame_scrub_uploaded");
    assert!(uploaded > 70.0 && uploaded <= 80.0, "one record in nearly every frame: {uploaded}");
    assert!(measured("frame_scrub_p50") > 0.0 && measured("frame_scrub_ratio") > 0.0);
    assert!(measured("layout_usable") <= measured("layout_refined"));
    assert!(measured("layout_frame_p99") > 0.0);
}
