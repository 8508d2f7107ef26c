//! bench
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let file = include_bytes!("../../../model/weights/nano.antiphon");
    let (seed, n) = (a[1].parse().unwrap(), a[2].parse().unwrap());
    let t = std::time::Instant::now();
    let h = web::proof(file, seed, n);
    println!("{h:016x} {:.3} ms/note", t.elapsed().as_secs_f64() * 1e3 / n as f64);
}
