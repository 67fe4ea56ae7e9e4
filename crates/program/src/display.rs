//! A program as people read it: `probity show MODEL --program`.
//!
//! Never parsed back: the bytes of `encoding` are the program. A template is listed once, with its first layer's
//! tensors; what differs from layer to layer stands below it.

use crate::check::Checked;
use crate::site::{Place, Site};
use crate::structure::{AttributeSlot, Group, Layer, TensorSlot, Value};
use core::fmt;

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program();
        writeln!(f, "program {}", self.digest())?;
        writeln!(
            f,
            "arithmetic {}, context {}, vocabulary {}, tensors {}, rope tables {}",
            program.arithmetic_version,
            program.context_max,
            program.vocabulary,
            program.tensors.len(),
            program.rope_tables.len()
        )?;
        let cost = self.cost();
        writeln!(
            f,
            "a position costs at most {} multiply-adds, {} weight bytes, {} KV bytes, {} workspace bytes",
            cost.multiply_adds, cost.weight_bytes, cost.kv_bytes, cost.workspace_bytes
        )?;
        let first = |place| match place {
            Place::Layer { layer, .. } => layer == 0,
            Place::Prologue | Place::Epilogue => true,
        };
        for site in self.sites().filter(|site| first(site.place)) {
            let group = site.group();
            if site.op_number == 0 {
                title(f, &site, group)?;
            }
            let (made, name, how) = (site.op_number + 1, site.op.name(), site.op.describe(&site));
            writeln!(f, "  v{made:<3} {name:<9} {how} -> {}", site.output())?;
            if site.op_number + 1 == group.template.ops.len() {
                writeln!(f, "  hands on v{}", group.template.output.0)?;
                varying(f, group)?;
            }
        }
        Ok(())
    }
}

fn title(f: &mut fmt::Formatter<'_>, site: &Site<'_>, group: &Group) -> fmt::Result {
    let input = site.checked.types(site.place)[0];
    match site.place {
        Place::Prologue => writeln!(f, "prologue: v0 is {input}"),
        Place::Layer { group: number, .. } => {
            writeln!(f, "group {number}, {} layers: v0 is {input}", group.layers.len())
        }
        Place::Epilogue => writeln!(f, "epilogue: v0 is {input}"),
    }
}

/// The attributes that differ from layer to layer.
fn varying(f: &mut fmt::Formatter<'_>, group: &Group) -> fmt::Result {
    for slot in 0..group.layers[0].attributes.len() {
        if !uniform(group, slot) {
            let values = group.layers.iter().map(|layer| layer.attributes[slot].to_string());
            writeln!(f, "  a{slot} by layer: {}", values.collect::<Vec<_>>().join(" "))?;
        }
    }
    Ok(())
}

fn uniform(group: &Group, slot: usize) -> bool {
    let value = |layer: &Layer| layer.attributes[slot];
    group.layers.iter().all(|layer| value(layer) == value(&group.layers[0]))
}

impl<'a> Site<'a> {
    /// The group it belongs to; prologue and epilogue are groups of one layer.
    #[must_use]
    pub fn group(&self) -> &'a Group {
        let program = self.checked.program();
        match self.place {
            Place::Prologue => &program.prologue,
            Place::Layer { group, .. } => &program.groups[group],
            Place::Epilogue => &program.epilogue,
        }
    }

    pub(crate) fn show(&self, value: Value) -> String {
        format!("v{}", value.0)
    }

    /// Name, shape and formats of the tensors of a slot, by the first layer.
    pub(crate) fn show_tensor(&self, slot: TensorSlot) -> String {
        let tensors = &self.checked.program().tensors;
        let mut formats: Vec<&str> = Vec::new();
        for layer in &self.group().layers {
            let name = tensors[layer.tensors[usize::from(slot.0)].index()].format.name();
            if !formats.contains(&name) {
                formats.push(name);
            }
        }
        let tensor = self.tensor(slot).1;
        let shape = format!("{}x{}", tensor.rows, tensor.columns);
        format!("{}:{}[{shape}]", tensor.name, formats.join("/"))
    }

    /// The value of a slot, or its name where layers differ.
    pub(crate) fn show_attribute(&self, slot: AttributeSlot) -> String {
        let at = usize::from(slot.0);
        let group = self.group();
        if uniform(group, at) {
            group.layers[0].attributes[at].to_string()
        } else {
            format!("a{at}")
        }
    }
}

impl Checked {
    /// How many layers all groups have.
    #[must_use]
    pub fn layers(&self) -> u32 {
        let groups = &self.program().groups;
        groups.iter().map(|group| crate::structure::count(group.layers.len())).sum()
    }
}
