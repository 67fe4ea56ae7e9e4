//! What is remembered of prompts and answers: the spans of keys and values, by the tokens they stand for.
//!
//! A tree for each scope; a node is 64 tokens after those of its parents, or fewer where an answer ended. What has the
//! most tokens in common with a prompt is found by going down, and at the last node in part too. Whoever looks further
//! touches every node on the way, the deepest first: so the node that was touched the longest ago has no children, and
//! goes first. Never reads one scope for another. Never knows what memory there is: its owner says when to forget.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use canon::PAGE;
use engine::Span;

use super::asked::{Asked, CacheScope, Tenant};

/// Whose prefixes are one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Everybody's who said so.
    Public,
    /// One tenant's.
    Of(Tenant),
}

/// Spans, by tokens.
pub(super) struct Cache {
    spans_max: usize,
    nodes: Vec<Node>,
    free: Vec<usize>,
    roots: BTreeMap<Scope, usize>,
    /// By when it was touched: never the same time twice. Roots are not here.
    touched: BTreeMap<u64, usize>,
    now: u64,
}

struct Node {
    place: Place,
    children: BTreeMap<Arc<[u32]>, usize>,
}

enum Place {
    Free,
    Root(Scope),
    Under { parent: usize, tokens: Arc<[u32]>, span: Span, touched: u64 },
}

impl Scope {
    pub(super) fn of(asked: &Asked) -> Self {
        match asked.cache {
            CacheScope::Public => Self::Public,
            CacheScope::Tenant => Self::Of(asked.tenant),
        }
    }
}

impl Cache {
    /// One that remembers at most so many spans.
    pub(super) fn new(spans_max: usize) -> Self {
        Self {
            spans_max,
            nodes: Vec::new(),
            free: Vec::new(),
            roots: BTreeMap::new(),
            touched: BTreeMap::new(),
            now: 0,
        }
    }

    /// How many spans it holds.
    pub(super) fn spans(&self) -> usize {
        self.touched.len()
    }

    /// The spans of the longest beginning of these tokens that is there, and how many tokens that is.
    pub(super) fn find(&mut self, scope: Scope, tokens: &[u32]) -> (Vec<Span>, usize) {
        let (mut spans, mut length) = (Vec::new(), 0);
        let Some(mut at) = self.roots.get(&scope).copied() else { return (spans, length) };
        while let Some((child, common)) = self.nearest(at, &tokens[length..]) {
            let Place::Under { span, .. } = &self.nodes[child].place else { break };
            spans.push(span.clone());
            (at, length) = (child, length + common);
            if common < PAGE {
                break;
            }
        }
        self.touch(at);
        (spans, length)
    }

    /// Remembers the spans of these tokens, and forgets what there is no room for.
    pub(super) fn put(&mut self, scope: Scope, tokens: &[u32], spans: &[Span]) {
        if self.spans_max == 0 || tokens.is_empty() || spans.is_empty() {
            return;
        }
        let mut at = self.root(scope);
        for (tokens, span) in tokens.chunks(PAGE).zip(spans) {
            match self.child(at, tokens, span) {
                Some(child) => at = child,
                None => break,
            }
        }
        self.touch(at);
        while self.spans() > self.spans_max {
            self.forget(false);
        }
    }

    /// Forgets the span that was touched the longest ago, if need be of those that nobody else holds; whether there was
    /// one.
    pub(super) fn forget(&mut self, held_here_only: bool) -> bool {
        let found = self.touched.values().copied().find(|node| {
            let Node { place, children } = &self.nodes[*node];
            let alone = matches!(place, Place::Under { span, .. } if !span.is_shared());
            children.is_empty() && (alone || !held_here_only)
        });
        found.inspect(|node| self.remove(*node)).is_some()
    }

    fn root(&mut self, scope: Scope) -> usize {
        if let Some(root) = self.roots.get(&scope) {
            return *root;
        }
        let root = self.add(Place::Root(scope));
        self.roots.insert(scope, root);
        root
    }

    /// The child of exactly these tokens, made if need be; none where a longer one stands for them.
    fn child(&mut self, parent: usize, tokens: &[u32], span: &Span) -> Option<usize> {
        let children = &self.nodes[parent].children;
        if let Some(child) = children.get(tokens) {
            return Some(*child);
        }
        if after(children, tokens).is_some_and(|(longer, _)| longer.starts_with(tokens)) {
            return None;
        }
        // A shorter one, which ended an answer, is no longer needed. It has no children.
        let shorter = before(children, tokens).filter(|(shorter, _)| tokens.starts_with(shorter));
        let shorter = shorter.map(|(_, node)| node);
        self.now += 1;
        let (tokens, touched): (Arc<[u32]>, _) = (Arc::from(tokens), self.now);
        let place =
            Place::Under { parent, tokens: Arc::clone(&tokens), span: span.clone(), touched };
        let child = self.add(place);
        self.touched.insert(touched, child);
        self.nodes[parent].children.insert(tokens, child);
        // Only now: a root without children would be gone.
        shorter.into_iter().for_each(|node| self.remove(node));
        Some(child)
    }

    /// The child that begins most like these tokens, and in how many.
    fn nearest(&self, parent: usize, tokens: &[u32]) -> Option<(usize, usize)> {
        // Whatever has the most in common is next to where these tokens would stand.
        let children = &self.nodes[parent].children;
        let beside = [before(children, tokens), after(children, tokens)];
        let common = |(of, node): (&[u32], usize)| (node, common(of, tokens));
        let most = beside.into_iter().flatten().map(common).max_by_key(|(_, common)| *common);
        most.filter(|(_, common)| *common > 0)
    }

    fn add(&mut self, place: Place) -> usize {
        let node = Node { place, children: BTreeMap::new() };
        if let Some(at) = self.free.pop() {
            self.nodes[at] = node;
            return at;
        }
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Takes out a node without children, and its root where that is then empty.
    fn remove(&mut self, node: usize) {
        let place = core::mem::replace(&mut self.nodes[node].place, Place::Free);
        self.free.push(node);
        match place {
            Place::Under { parent, tokens, touched, .. } => {
                self.touched.remove(&touched);
                let parent_node = &mut self.nodes[parent];
                parent_node.children.remove(&tokens);
                let empty = parent_node.children.is_empty();
                if empty && matches!(parent_node.place, Place::Root(_)) {
                    self.remove(parent);
                }
            }
            Place::Root(scope) => {
                self.roots.remove(&scope);
            }
            Place::Free => {}
        }
    }

    /// Touches a node, then its parents.
    fn touch(&mut self, mut at: usize) {
        while let Place::Under { parent, touched, .. } = &mut self.nodes[at].place {
            self.now += 1;
            self.touched.remove(touched);
            *touched = self.now;
            self.touched.insert(self.now, at);
            at = *parent;
        }
    }
}

/// How many tokens both begin with.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

type Children = BTreeMap<Arc<[u32]>, usize>;

/// The last child that does not come after these tokens.
fn before<'a>(children: &'a Children, tokens: &[u32]) -> Option<(&'a [u32], usize)> {
    let range = (Bound::Unbounded, Bound::Included(tokens));
    let (tokens, node) = children.range::<[u32], _>(range).next_back()?;
    Some((tokens, *node))
}

/// The first child that comes after these tokens.
fn after<'a>(children: &'a Children, tokens: &[u32]) -> Option<(&'a [u32], usize)> {
    let range = (Bound::Excluded(tokens), Bound::Unbounded);
    let (tokens, node) = children.range::<[u32], _>(range).next()?;
    Some((tokens, *node))
}
