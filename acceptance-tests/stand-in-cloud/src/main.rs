//! The stand-in EC2 as a program, to try the provider without an account.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};
use stand_in_cloud::ec2::{Caller, Config, Quotas, RULES, Server, Settings, Timings};
use stand_in_cloud::throttling::Throttling;

/// A stand-in EC2. Point clients at it with `AWS_ENDPOINT_URL_EC2` and `AWS_ENDPOINT_URL_STS`.
#[derive(Debug, Parser)]
#[command(name = "stand-in-cloud", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:4599")]
    listen: SocketAddr,
    /// Makes a network with subnets, route tables and an internet gateway, and prints their ids.
    #[arg(long)]
    seed_vpc: bool,
    /// The region of that network.
    #[arg(long, default_value = "eu-west-1")]
    region: String,
    /// The account of that network: an access key of 12 digits acts as that account, any other as this default.
    #[arg(long, default_value = "000000000000")]
    account: String,
    /// How long things take.
    #[arg(long, value_enum, default_value_t = Pace::Brisk)]
    pace: Pace,
    /// Limits the rate of calls as EC2 does.
    #[arg(long)]
    throttle: bool,
    /// Raises the quotas, a new account's otherwise (5 addresses), to where they do not matter.
    #[arg(long)]
    generous_quotas: bool,
    /// Writes each call as a line of JSON to this file.
    #[arg(long)]
    log: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints what the stand-in does like EC2, and from where that is known.
    Rules,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Pace {
    /// Minutes, as in the cloud.
    Real,
    /// Seconds.
    Brisk,
    /// Milliseconds.
    Fast,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    if let Some(Command::Rules) = arguments.command {
        for rule in RULES {
            writeln!(out, "{} [{:?}]\n    {}\n    {}\n", rule.name, rule.mark, rule.behaviour, rule.source)?;
        }
        return Ok(());
    }
    let timings = match arguments.pace {
        Pace::Real => Timings::real(),
        Pace::Brisk => Timings::brisk(),
        Pace::Fast => Timings::fast(),
    };
    let quotas = if arguments.generous_quotas { Quotas::generous() } else { Quotas::default() };
    let throttling = Throttling { enabled: arguments.throttle, ..Throttling::default() };
    let settings = Settings { timings, quotas, throttling };
    let config = Config { listen: arguments.listen, settings, log_file: arguments.log };
    let server = Server::start(config).with_context(|| format!("could not listen on {}", arguments.listen))?;
    writeln!(out, "endpoint = {}", server.endpoint())?;
    if arguments.seed_vpc {
        let caller = Caller { account: arguments.account, region: arguments.region };
        let seeded = server.seed_vpc(&caller).context("could not make the network")?;
        writeln!(out, "{}", serde_json::to_string_pretty(&seeded)?)?;
    }
    out.flush()?;
    drop(out);
    loop {
        std::thread::park();
    }
}
