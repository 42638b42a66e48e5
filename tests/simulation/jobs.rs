//! Runs independent simulations on several threads, and shows the progress on stderr.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Runs `job` on each input, and shows `line` of each input and result. Returns the results in the order of the inputs, so
/// they do not depend on the threads.
pub fn run<I: Sync, R: Send>(
    inputs: &[I],
    threads: usize,
    line: impl Fn(&I, &R) -> String + Sync,
    job: impl Fn(&I) -> R + Sync,
) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = inputs.get(at) else { return };
            let began = Instant::now();
            let result = job(input);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            let seconds = began.elapsed().as_secs_f64();
            eprintln!(
                "{done} of {}, {seconds:.0} s: {}",
                inputs.len(),
                line(input, &result)
            );
            results.lock().unwrap().push((at, result));
        }
    };
    std::thread::scope(|scope| {
        (0..threads.max(1)).for_each(|_| {
            scope.spawn(work);
        });
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
