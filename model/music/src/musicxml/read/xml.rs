//! XML, piece by piece: what encloses others as it opens and closes, and small elements whole. Nothing is fetched, no entity is
//! expanded, and no function calls itself, so that depth and length of a text cost what they weigh and no more.

use quick_xml::events::{BytesStart, Event};

/// Elements within others; music has about ten. A whole element is cut below that.
const MAX_DEPTH: usize = 64;
/// Elements of one bar of one part; the fullest has some thousands.
const MAX_ELEMENTS: usize = 200_000;

/// An element with all that is in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: Box<str>,
    attributes: Vec<(Box<str>, Box<str>)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Self {
        let name = String::from_utf8_lossy(start.local_name().into_inner()).into();
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false).flatten() {
            let key = String::from_utf8_lossy(attribute.key.local_name().into_inner()).into();
            let raw = String::from_utf8_lossy(&attribute.value);
            let value = quick_xml::escape::unescape(&raw).map_or(raw.as_ref().into(), |value| value.as_ref().into());
            attributes.push((key, value));
        }
        Self { name, attributes, ..Self::default() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| **key == *name).map(|(_, value)| &**value)
    }

    pub(super) fn children(&self) -> impl Iterator<Item = &Self> {
        self.children.iter()
    }

    /// All children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| *child.name == *name)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| *child.name == *name)
    }

    /// Its text, without white space around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The text of a child; empty if there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", Self::text)
    }

    /// The text of a child, as a number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text_of(name).parse().ok()
    }
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    /// An element opens: its name and attributes. [`Reader::whole`] or [`Reader::skip`] may follow.
    Open(Element),
    /// The innermost open element is closed.
    Close,
    /// The end of the text.
    End,
}

/// Where and why a text cannot be read on.
#[derive(Debug)]
pub(super) struct Damage {
    pub(super) byte: u64,
    pub(super) why: String,
}

/// See the module.
pub(super) struct Reader<'a> {
    reader: quick_xml::Reader<&'a [u8]>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = quick_xml::Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self { reader, depth: 0 }
    }

    fn event(&mut self) -> Result<Event<'a>, Damage> {
        let event = self.reader.read_event();
        let event = event.map_err(|why| Damage { byte: self.reader.error_position(), why: why.to_string() })?;
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Eof if self.depth > 0 => return Err(self.damage("it ends in the middle")),
            _ => {}
        }
        match self.depth > 16 * MAX_DEPTH {
            true => Err(self.damage("elements within elements without end")),
            false => Ok(event),
        }
    }

    fn damage(&self, why: &str) -> Damage {
        Damage { byte: self.reader.buffer_position(), why: why.to_owned() }
    }

    /// Goes on to where an element opens or closes.
    pub(super) fn step(&mut self) -> Result<Step, Damage> {
        loop {
            match self.event()? {
                Event::Start(start) => return Ok(Step::Open(Element::of(&start))),
                Event::End(_) => return Ok(Step::Close),
                Event::Eof => return Ok(Step::End),
                _ => {}
            }
        }
    }

    /// Passes over the rest of the element that has just opened.
    pub(super) fn skip(&mut self) -> Result<(), Damage> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.event()?;
        }
        Ok(())
    }

    /// The whole of the element that has just opened.
    pub(super) fn whole(&mut self, opened: Element) -> Result<Element, Damage> {
        // The path from the element to where we are.
        let mut path = vec![opened];
        let mut n_elements = 0;
        loop {
            match self.event()? {
                Event::Start(start) => {
                    n_elements += 1;
                    if n_elements > MAX_ELEMENTS {
                        return Err(self.damage("more elements than a bar of music has"));
                    }
                    match path.len() > MAX_DEPTH {
                        true => self.skip()?,
                        false => path.push(Element::of(&start)),
                    }
                }
                Event::Text(text) => {
                    if let (Some(open), Ok(text)) = (path.last_mut(), text.decode()) {
                        // What is between elements is no text.
                        if !text.trim().is_empty() {
                            open.text += &text;
                        }
                    }
                }
                Event::CData(text) => {
                    if let (Some(open), Ok(text)) = (path.last_mut(), text.decode()) {
                        open.text += &text;
                    }
                }
                // Entities of its own are left as they are called: what they stand for is never needed.
                Event::GeneralRef(reference) => {
                    if let (Some(open), Ok(name)) = (path.last_mut(), reference.decode()) {
                        let reference = format!("&{name};");
                        open.text += &quick_xml::escape::unescape(&reference).unwrap_or_default();
                    }
                }
                Event::End(_) => {
                    let Some(closed) = path.pop() else { return Err(self.damage("an end without a beginning")) };
                    match path.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => return Ok(closed),
                    }
                }
                Event::Eof => return Err(self.damage("it ends in the middle")),
                _ => {}
            }
        }
    }
}
