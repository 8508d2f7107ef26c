//! MusicXML files, from anywhere.

/// A file is refused with a reason; or what is read of it fits on a page, which is read again, all of it that a page can hold.
///
/// # Panics
/// If it does not hold.
pub fn check(bytes: &[u8]) {
    match music::musicxml::read(bytes) {
        Err(why) => assert!(!why.to_string().is_empty()),
        Ok(file) => {
            assert!(file.score.n_notes() > 0);
            match music::musicxml::write(&file.score) {
                Err(why) => assert!(!why.to_string().is_empty()),
                Ok(page) => {
                    let again = music::musicxml::read(page.as_bytes()).expect("it reads its own page");
                    assert!(again.left_out.is_empty(), "{:?}", again.left_out);
                    // A key sounds once at a time on a page.
                    assert!(again.score.n_notes() <= file.score.n_notes());
                }
            }
        }
    }
}

/// A page of the demo's call, plain and packed, and a small file by bars.
///
/// # Panics
/// If the call cannot be read.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let call = music::midi::read(include_bytes!("../../fixtures/call-waltz.mid")).expect("the demo's call").score;
    let page = music::musicxml::write(&call).expect("a short call");
    let by_bars = "<score-timewise><measure><part id='P'><attributes><divisions>3</divisions><time><beats>6</beats>\
        <beat-type>8</beat-type></time></attributes><note><pitch><step>B</step><alter>-1</alter><octave>3</octave></pitch>\
        <duration>2</duration><tie type='start'/></note><note><chord/><grace/></note><backup><duration>1</duration></backup>\
        <direction><direction-type><dynamics><p/></dynamics><wedge type='crescendo'/></direction-type><sound tempo='77'/>\
        </direction></part></measure></score-timewise>";
    vec![music::musicxml::pack(&page), page.into_bytes(), by_bars.as_bytes().to_vec()]
}
