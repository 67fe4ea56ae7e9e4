//! `probity show`: what is known of a model.

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::ShowOptions;

pub(crate) fn run(options: &ShowOptions) -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let file = crate::loading::find(&store, &options.model)?;
    let model = crate::loading::read_model(&file.path)?;
    if options.program {
        println!("{}", model.program);
        return Ok(ExitCode::SUCCESS);
    }
    let program = model.program.program();
    let layers: usize = program.groups.iter().map(|group| group.layers.len()).sum();
    println!("file            {}", file.path.display());
    println!("bytes           {}", file.size);
    println!("blake3          {}", file.blake3);
    println!("sha256          {}", file.sha256);
    println!("program         {}", blake3::hash(&model.program.encode()).to_hex());
    println!("layers          {layers}");
    println!("vocabulary      {}", program.vocabulary);
    println!("context         {} tokens", program.context_max);
    println!("multiply-adds   {} per token at most", model.program.cost().multiply_adds);
    println!("chat template   {}", if model.template.is_some() { "yes" } else { "no" });
    Ok(ExitCode::SUCCESS)
}
