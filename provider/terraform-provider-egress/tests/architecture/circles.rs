//! No file of a crate imports another one that imports it, in one step or more: what can be read alone can be changed alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Attribute, Expr, Item, ItemMod, ItemUse, Macro, Token, UseTree};

/// The path of a module within its crate; empty for the root.
type Module = Vec<String>;

/// A module as its file has it.
#[derive(Debug, Default)]
struct Contents {
    file: PathBuf,
    /// The names that its imports bind, with what each stands for, as it is written.
    bindings: BTreeMap<String, Vec<String>>,
    /// What it imports every name of.
    globs: Vec<Vec<String>>,
    /// The names of its own items.
    items: BTreeSet<String>,
    /// Every path that its code writes.
    paths: BTreeSet<Vec<String>>,
}

/// The modules of a crate that are part of the program: its tests may import what they please.
type Crate = BTreeMap<Module, Contents>;

/// Which file imports which, with the names that it takes.
type Imports = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
    })
}

fn is_test_item(item: &Item) -> bool {
    match item {
        Item::Fn(item) => is_test(&item.attrs),
        Item::Impl(item) => is_test(&item.attrs),
        Item::Mod(item) => is_test(&item.attrs),
        Item::Struct(item) => is_test(&item.attrs),
        Item::Use(item) => is_test(&item.attrs),
        _ => false,
    }
}

/// The name by which others can import an item.
fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Collects what the code of one module writes.
struct Reader<'a>(&'a mut Contents);

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_item(item) {
            self.0.items.extend(name_of(item));
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.read(&item.tree, &[]);
    }

    /// What most macros are given is a list of expressions, which is no part of the syntax tree.
    fn visit_macro(&mut self, called: &'ast Macro) {
        let arguments = called.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
        for argument in arguments.into_iter().flatten() {
            // It does not live as long as the tree.
            Reader(self.0).visit_expr(&argument);
        }
    }

    /// Modules are read one by one.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.0.paths.insert(segments);
        }
        syn::visit::visit_path(self, path);
    }
}

impl Reader<'_> {
    fn read(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Vec<_>>();
        let mut bind = |name: String, path: Vec<String>| {
            self.0.paths.insert(path.clone());
            self.0.bindings.insert(name, path);
        };
        match tree {
            UseTree::Path(path) => self.read(&path.tree, &with(path.ident.to_string())),
            UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = before.last() {
                    bind(last.clone(), before.to_vec());
                }
            }
            UseTree::Name(name) => bind(name.ident.to_string(), with(name.ident.to_string())),
            UseTree::Rename(rename) => bind(rename.rename.to_string(), with(rename.ident.to_string())),
            UseTree::Glob(_) => self.0.globs.push(before.to_vec()),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.read(tree, before);
                }
            }
        }
    }
}

/// Reads a module and those below it. `folder` is where its children's files are.
fn read(into: &mut Crate, module: &Module, file: &Path, items: &[Item], folder: &Path) {
    let mut contents = Contents { file: file.to_owned(), ..Contents::default() };
    let mut reader = Reader(&mut contents);
    for item in items {
        reader.visit_item(item);
    }
    into.insert(module.clone(), contents);
    for item in items.iter().filter(|item| !is_test_item(item)) {
        let Item::Mod(child) = item else { continue };
        let name = child.ident.to_string();
        let path: Module = module.iter().cloned().chain([name.clone()]).collect();
        let below = folder.join(&name);
        if let Some((_, items)) = &child.content {
            read(into, &path, file, items, &below);
            continue;
        }
        let candidates = [folder.join(format!("{name}.rs")), below.join("mod.rs")];
        if let Some(file) = candidates.into_iter().find(|file| file.exists()) {
            read_file(into, &path, &file, &below);
        }
    }
}

fn read_file(into: &mut Crate, module: &Module, file: &Path, folder: &Path) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    read(into, module, file, &parsed.items, folder);
}

/// The module that defines what a path stands for where it is written; `None` for what is not this crate's.
fn defining(of: &Crate, module: &Module, path: &[String], depth: usize) -> Option<Module> {
    // A crate can name itself in a circle of re-exports; the compiler then sees to it.
    let depth = depth.checked_sub(1)?;
    let mut at = module.clone();
    let mut rest = path;
    let mut is_rooted = false;
    while let Some((first, more)) = rest.split_first() {
        match first.as_str() {
            "crate" => at.clear(),
            "super" => _ = at.pop(),
            "self" => {}
            _ => break,
        }
        (rest, is_rooted) = (more, true);
    }
    while let Some((first, more)) = rest.split_first() {
        let contents = of.get(&at)?;
        let child: Module = at.iter().cloned().chain([first.clone()]).collect();
        if of.contains_key(&child) {
            at = child;
        } else if let Some(binding) = contents.bindings.get(first) {
            // What is bound by the very path that is looked up comes from another crate.
            if binding.as_slice() == rest && !is_rooted {
                return None;
            }
            let whole: Vec<String> = binding.iter().chain(more).cloned().collect();
            return defining(of, &at, &whole, depth);
        } else {
            let from_glob = contents.globs.iter().find_map(|glob| {
                let target = defining(of, &at, glob, depth)?;
                let whole: Vec<String> = std::iter::once(first).chain(more).cloned().collect();
                let found = defining(of, &target, &[vec!["self".to_owned()], whole].concat(), depth)?;
                (found != target || of[&target].items.contains(first)).then_some(found)
            });
            return match from_glob {
                Some(found) => Some(found),
                None => is_rooted.then_some(at),
            };
        }
        (rest, is_rooted) = (more, true);
    }
    is_rooted.then_some(at)
}

fn imports(of: &Crate) -> Imports {
    let mut imports = Imports::new();
    for (module, contents) in of {
        let globs = contents.globs.iter();
        for path in contents.paths.iter().chain(globs) {
            let Some(target) = defining(of, module, path, 16) else { continue };
            // What a module is made of may use what the module itself has.
            let is_around = module.starts_with(&target);
            let target = &of[&target].file;
            if !is_around && *target != contents.file {
                let names = imports.entry(contents.file.clone()).or_default().entry(target.clone()).or_default();
                names.insert(path.join("::"));
            }
        }
    }
    imports
}

/// The files that are reached from one, by imports.
fn reached(imports: &Imports, from: &Path) -> BTreeSet<PathBuf> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(file) = next.pop() {
        for to in imports.get(&file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    reached
}

/// The imports within circles, each circle as lines.
fn circles(imports: &Imports) -> Vec<String> {
    let reach: BTreeMap<&PathBuf, BTreeSet<PathBuf>> =
        imports.keys().map(|file| (file, reached(imports, file))).collect();
    let in_circle = |from: &PathBuf, to: &PathBuf| {
        reach[from].contains(to) && reach.get(to).is_some_and(|reached| reached.contains(from))
    };
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for file in imports.keys().filter(|file| in_circle(file, file)) {
        if seen.contains(file) {
            continue;
        }
        let members: BTreeSet<&PathBuf> = imports.keys().filter(|other| in_circle(file, other)).collect();
        seen.extend(members.iter().copied().cloned());
        let mut lines = format!("a circle of {} files:\n", members.len());
        for (from, to, names) in
            members.iter().flat_map(|from| imports[*from].iter().map(move |(to, names)| (from, to, names)))
        {
            if members.contains(to) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let (from, to) = (from.display(), to.display());
                writeln!(lines, "  {from} -> {to}: {}", names.join(", ")).expect("a text takes every line");
            }
        }
        circles.push(lines);
    }
    circles
}

/// The circles of the crate whose root is this file.
pub(crate) fn of_crate(root: &Path) -> Vec<String> {
    let mut modules = Crate::new();
    read_file(&mut modules, &Module::new(), root, root.parent().expect("a folder"));
    circles(&imports(&modules))
}
