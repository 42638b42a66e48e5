//! The outbox of a stage: what the transaction of the next flush must write.

use std::collections::BTreeMap;

use serde::Serialize;

use super::observations::AlertNotice;
use super::output::{Output, OutputTopic};
use super::state::{StateIndex, StateKey, split};
use crate::alert::{Alert, AlertSettings, AuditRecord};

/// Records to publish and state to write since the last flush.
#[derive(Debug, Default)]
pub struct Outbox {
    writes: Writes,
    /// Bytes of the values in `writes`.
    bytes: usize,
    index: StateIndex,
}

/// What one flush writes.
#[derive(Debug, Default)]
pub struct Writes {
    /// Records to publish, in order.
    pub outputs: Vec<Output>,
    /// The alerts among `outputs`, as the log names them.
    pub notices: Vec<AlertNotice>,
    /// Records of the state topic by key. The last write of a key wins; `None` removes it.
    pub state: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Writes {
    /// Records to publish, by topic.
    #[must_use]
    pub fn published(&self) -> BTreeMap<OutputTopic, u64> {
        let mut published = BTreeMap::new();
        for output in &self.outputs {
            *published.entry(output.topic).or_default() += 1;
        }
        published
    }

    /// Bytes of the state to write.
    #[must_use]
    pub fn state_bytes(&self) -> u64 {
        let records = self.state.values().flatten();
        records.map(|record| record.len() as u64).sum()
    }
}

impl Outbox {
    /// An empty outbox of a task whose state topic holds the records in `index`.
    #[must_use]
    pub fn restored(index: StateIndex) -> Self {
        Self {
            index,
            ..Self::default()
        }
    }

    /// Writes the entry `key`. A large value is split into several records.
    ///
    /// # Errors
    /// Never in practice: a vector takes any bytes.
    pub fn put(&mut self, key: &StateKey, value: &impl Serialize) -> Result<(), postcard::Error> {
        let records = split(value)?;
        let count = u16::try_from(records.len()).unwrap_or(u16::MAX);
        for (part, record) in (0..count).zip(records) {
            self.write(key, part, Some(record))?;
        }
        self.remove_parts(key, count)
    }

    /// Removes the entry `key`.
    ///
    /// # Errors
    /// Never in practice: a vector takes any bytes.
    pub fn remove(&mut self, key: &StateKey) -> Result<(), postcard::Error> {
        self.write(key, 0, None)?;
        self.remove_parts(key, 1)
    }

    fn remove_parts(&mut self, key: &StateKey, from: u16) -> Result<(), postcard::Error> {
        let mut part = from;
        while self.index.contains(&key.part(part)?) {
            self.write(key, part, None)?;
            part += 1;
        }
        Ok(())
    }

    fn write(
        &mut self,
        key: &StateKey,
        part: u16,
        record: Option<Vec<u8>>,
    ) -> Result<(), postcard::Error> {
        let part_key = key.part(part)?;
        self.index.note(key, &part_key, record.as_deref());
        let bytes = |record: &Option<Vec<u8>>| record.as_ref().map_or(0, Vec::len);
        self.bytes += bytes(&record);
        if let Some(replaced) = self.writes.state.insert(part_key, record) {
            self.bytes -= bytes(&replaced);
        }
        Ok(())
    }

    /// Publishes a record.
    pub fn publish(&mut self, output: Output) {
        self.bytes += output.value.len();
        self.writes.outputs.push(output);
    }

    /// Publishes an alert to the topic of its kind.
    pub fn alert(&mut self, alert: &Alert, settings: &AlertSettings) {
        self.writes.notices.push(AlertNotice::of(alert));
        self.publish(Output::alert(alert, settings));
    }

    /// Publishes the audit of an order.
    pub fn audit(&mut self, audit: &AuditRecord) {
        self.writes.notices.push(AlertNotice::of_audit(audit));
        self.publish(Output::audit(audit));
    }

    /// Bytes of the values that the next flush writes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Digest of all entries of the state topic, except heads.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.index.digest()
    }

    /// Hands out what the next flush writes, and empties the outbox.
    #[must_use]
    pub fn take(&mut self) -> Writes {
        self.bytes = 0;
        std::mem::take(&mut self.writes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::pipeline::output::OutputTopic;
    use crate::pipeline::state::{BadState, StateReader, decode};

    fn read(writes: &Writes) -> StateReader {
        let mut reader = StateReader::default();
        for (key, value) in &writes.state {
            reader.apply(key, value.as_deref()).unwrap();
        }
        reader
    }

    #[test]
    fn a_large_entry_is_split_and_leaves_no_part_behind_when_it_shrinks() {
        let mut outbox = Outbox::default();
        let key = StateKey::Model("m".into());
        let large: Vec<u32> = (0..400_000).collect();
        outbox.put(&key, &large).unwrap();
        assert!(outbox.writes.state.len() > 2);
        let mut reader = read(&outbox.writes);
        let (entries, index) = reader.entries(|_| true).unwrap();
        assert_eq!(decode::<Vec<u32>>(&entries[0].1).unwrap(), large);
        let mut outbox = Outbox::restored(index);
        outbox.put(&key, &vec![1u32]).unwrap();
        for (key, value) in &outbox.writes.state {
            reader.apply(key, value.as_deref()).unwrap();
        }
        let (entries, index) = reader.entries(|_| true).unwrap();
        assert_eq!(decode::<Vec<u32>>(&entries[0].1).unwrap(), vec![1]);
        let mut alone = Outbox::default();
        alone.put(&key, &vec![1u32]).unwrap();
        assert_eq!(index.digest(), alone.digest(), "the other parts are gone");
    }

    #[test]
    fn the_digest_depends_on_the_entries_and_not_on_the_order_of_writes() {
        let key = |name: &str| StateKey::Model(name.into());
        let mut outbox = Outbox::default();
        outbox.put(&key("a"), &1u32).unwrap();
        let only_a = outbox.digest();
        outbox.put(&StateKey::Head, &only_a).unwrap();
        assert_eq!(outbox.digest(), only_a, "the head is left out");
        outbox.put(&key("b"), &1u32).unwrap();
        outbox.put(&key("a"), &2u32).unwrap();
        assert_ne!(outbox.digest(), only_a);
        let (_, index) = read(&outbox.writes)
            .entries(|_| true)
            .map(|(e, i)| (e.len(), i))
            .unwrap();
        assert_eq!(index.digest(), outbox.digest());
        outbox.remove(&key("b")).unwrap();
        outbox.put(&key("a"), &1u32).unwrap();
        assert_eq!(outbox.digest(), only_a);
    }

    #[test]
    fn a_missing_part_is_refused() {
        let mut outbox = Outbox::default();
        let large: Vec<u32> = (0..400_000).collect();
        outbox.put(&StateKey::Head, &large).unwrap();
        let mut writes = outbox.take();
        writes.state.pop_last();
        assert!(matches!(
            read(&writes).entries(|_| true),
            Err(BadState::MissingPart(_))
        ));
    }

    #[test]
    fn its_bytes_are_those_of_the_values_that_a_flush_writes() {
        let mut outbox = Outbox::default();
        let sum = |writes: &Writes| {
            let outputs = writes.outputs.iter().map(|output| output.value.len());
            let state = writes.state.values().flatten().map(Vec::len);
            outputs.chain(state).sum::<usize>()
        };
        let key = StateKey::Model("m".into());
        let large: Vec<u32> = (0..400_000).collect();
        outbox.put(&key, &large).unwrap();
        outbox.publish(Output::plain(
            OutputTopic::Reports,
            "k".into(),
            vec![0; 100],
        ));
        assert_eq!(outbox.bytes(), sum(&outbox.writes));
        outbox.put(&key, &1u32).unwrap();
        assert_eq!(outbox.bytes(), sum(&outbox.writes));
        outbox.remove(&key).unwrap();
        assert_eq!(outbox.bytes(), sum(&outbox.writes));
        assert_eq!(outbox.bytes(), 100);
        assert_eq!(outbox.take().outputs.len(), 1);
        assert_eq!(outbox.bytes(), 0);
    }
}
