#!/usr/bin/env python3
"""Writes the built-in price list out of LiteLLM's, which is published in the wheel of the PyPI package litellm.

    pip download litellm --no-deps
    python3 config/prices.py litellm-*.whl 2026-11-12    # the day on which that version was published

What is taken and what is left out stands in the list itself, under "mapping"; it holds for this file. Prices are
decimals from end to end. What cannot be priced exactly by a count of tokens is left out, never approximated.
"""

import collections
import decimal
import json
import pathlib
import re
import sys
import zipfile

LIST = "litellm/model_prices_and_context_window_backup.json"
TARGET = pathlib.Path(__file__).parent.parent / "sdk/src/main/resources/io/spanflux/pricing"

PROVIDERS = {
    "openai": "openai", "text-completion-openai": "openai",
    "anthropic": "anthropic",
    "azure": "azure.ai.openai", "azure_text": "azure.ai.openai", "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock", "bedrock_converse": "aws.bedrock",
    "gemini": "gcp.gemini",
    "cohere": "cohere", "cohere_chat": "cohere",
    "watsonx": "ibm.watsonx.ai",
    "perplexity": "perplexity",
    "xai": "x_ai",
    "deepseek": "deepseek",
    "groq": "groq",
    "mistral": "mistral_ai", "codestral": "mistral_ai", "text-completion-codestral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "cerebras": "cerebras",
    "deepinfra": "deepinfra",
    "fireworks_ai": "fireworks_ai", "fireworks_ai-embedding-models": "fireworks_ai",
    "sambanova": "sambanova",
    "together_ai": "together_ai",
    "voyage": "voyage",
}
ALIASES = {
    "az.ai.inference": "azure.ai.inference", "az.ai.openai": "azure.ai.openai", "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference", "bedrock": "aws.bedrock", "gemini": "gcp.gemini", "mistral": "mistral_ai",
    "moonshot": "moonshot_ai", "vertex_ai": "gcp.vertex_ai", "watsonx": "ibm.watsonx.ai", "xai": "x_ai",
}
# Elsewhere a slash in a name is that of a region or of a commitment.
SLASH_IN_NAMES = {
    "groq", "deepinfra", "fireworks_ai", "together_ai", "ibm.watsonx.ai", "sambanova", "cerebras", "azure.ai.inference",
}
PREFIXES = {
    "bedrock_converse": "bedrock/", "cohere_chat": "cohere/", "azure_text": "azure/",
    "fireworks_ai-embedding-models": "fireworks_ai/",
}
MODES = {"chat", "responses", "completion", "embedding", "realtime"}
FIELDS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cacheRead",
    "cache_creation_input_token_cost": "cacheWrite",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "audioInput",
    "output_cost_per_audio_token": "audioOutput",
}
TIERS = {"batches": "batch", "flex": "flex", "priority": "priority"}
FIELD = re.compile("^(" + "|".join(FIELDS) + r")(?:_above_(\d+)k_tokens)?(?:_(batches|flex|priority))?$")
NOT_BY_TOKEN = (
    "tiered_pricing", "off_peak_pricing", "input_cost_per_request", "citation_cost_per_token", "input_cost_per_query",
    "input_cost_per_second", "output_cost_per_second", "output_cost_per_image", "output_cost_per_video_token",
)

MAPPING = [
    "Written by config/prices.py of the Spanflux sources from the list that the package ships.",
    "Prices are per 1,000,000 tokens: the list's price of a token times 1,000,000.",
    "input = input_cost_per_token, output = output_cost_per_token, cacheRead = cache_read_input_token_cost, cacheWrite ="
    " cache_creation_input_token_cost, reasoning = output_cost_per_reasoning_token, audioInput ="
    " input_cost_per_audio_token, audioOutput = output_cost_per_audio_token.",
    "tiers: batch = ..._batches, flex = ..._flex, priority = ..._priority. above: \"200000\" = ..._above_200k_tokens, and"
    " so on.",
    "Left out: cache writes that live longer than the default (..._above_1hr), prices of images, video, characters,"
    " seconds, searches and sessions, other tiers. A listed price of zero for cache writes (deepseek) is left out too:"
    " such tokens are charged as other input.",
    "Models left out: those of other modes than chat, responses, completion, embedding and realtime; free ones; those"
    " with a charge for each request, citation or second, with images or video generated at a price of their own, with"
    " tiered_pricing or with prices by the hour of day (off_peak_pricing); perplexity's that always search; those that"
    " the list has twice at different prices.",
    "Providers are named as the GenAI conventions do, where they do; gcp.gen_ai has the models that gemini and vertex_ai"
    " list at the same price. Prefixes of model names that only name the provider are cut off; entries for a single"
    " region are left out.",
    "The list has no dates of validity: its prices are taken as valid at any time.",
]


def name_of(key, litellm_provider, provider):
    prefixes = [litellm_provider + "/", PREFIXES.get(litellm_provider)]
    prefixes.append("vertex_ai/" if provider == "gcp.vertex_ai" else None)
    for prefix in prefixes:
        if prefix and key.startswith(prefix):
            return key[len(prefix):]
    return key


def per_million(price):
    # The list's prices are results of binary arithmetic: 4.0000000000000003e-07 means 4e-07.
    return decimal.Context(prec=12).plus(price.scaleb(6))


def price_of(model):
    """The price as this list has it, None when tokens alone do not make it up."""
    if any(model.get(field) for field in NOT_BY_TOKEN):
        return None
    if model["litellm_provider"] == "perplexity" and model.get("search_context_cost_per_query"):
        return None
    if model.get("output_cost_per_image_token") not in (None, model.get("output_cost_per_token")):
        return None
    embedding = model["mode"] == "embedding"
    price = {}
    for key, amount in model.items():
        match = FIELD.match(key)
        if not match or amount is None:
            continue
        field = FIELDS[match[1]]
        if amount == 0:
            if field == "input" or not embedding and field in ("output", "cacheRead"):
                return None
            continue
        rates = price
        if match[2]:
            rates = rates.setdefault("above", {}).setdefault(str(int(match[2]) * 1000), {})
        if match[3]:
            rates = rates.setdefault("tiers", {}).setdefault(TIERS[match[3]], {})
        rates[field] = per_million(amount)
    for rates in [price, *price.get("above", {}).values()]:
        if "input" not in rates or "output" not in price and not embedding:
            return None
        tiers = {name: tier for name, tier in rates.pop("tiers", {}).items() if "input" in tier}
        if tiers:
            rates["tiers"] = tiers
    return price


def convert(models):
    prices, contradictions = collections.defaultdict(dict), set()
    for key, model in models.items():
        listed = model.get("litellm_provider", "")
        provider = "gcp.vertex_ai" if listed.startswith("vertex_ai") else PROVIDERS.get(listed)
        if provider is None or model.get("mode") not in MODES:
            continue
        name = name_of(key, listed, provider)
        price = None if "/" in name and provider not in SLASH_IN_NAMES else price_of(model)
        if price is None:
            continue
        if prices[provider].setdefault(name, price) != price:
            contradictions.add((provider, name))
    for provider, name in contradictions:
        del prices[provider][name]
    prices["gcp.gen_ai"] = {
        name: price for name, price in prices["gcp.gemini"].items() if prices["gcp.vertex_ai"].get(name) == price
    }
    return prices


def rates_json(rates):
    parts = [f'"{field}":{rates[field].normalize():f}' for field in FIELDS.values() if field in rates]
    for kind, order in (("tiers", str), ("above", int)):
        if kind in rates:
            inner = (f'"{name}":{rates_json(rates[kind][name])}' for name in sorted(rates[kind], key=order))
            parts.append(f'"{kind}":{{' + ",".join(inner) + "}")
    return "{" + ",".join(parts) + "}"


def main(wheel, day):
    with zipfile.ZipFile(wheel) as package:
        models = json.loads(package.read(LIST), parse_float=decimal.Decimal, parse_int=decimal.Decimal)
        licence = next(name for name in package.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
        mit = package.read(licence).decode().split("MIT License\n", 1)[1].strip()
    version = pathlib.Path(wheel).name.split("-")[1]
    head = {
        "source": {
            "name": "LiteLLM, model_prices_and_context_window_backup.json as in the PyPI package litellm",
            "version": version,
            "date": day,
            "url": "https://github.com/BerriAI/litellm",
            "licence": "MIT",
            "notice": mit.splitlines()[0] + "; the licence stands in NOTICE, beside this file",
            "mapping": MAPPING,
        },
        "currency": "USD",
        "providers": ALIASES,
    }
    prices = convert(models)
    providers = (
        f"    {json.dumps(provider)}: {{\n"
        + ",\n".join(f"      {json.dumps(name)}: {rates_json(prices[provider][name])}" for name in sorted(prices[provider]))
        + "\n    }"
        for provider in sorted(prices) if prices[provider]
    )
    text = json.dumps(head, indent=2)[:-2] + ',\n  "prices": {\n' + ",\n".join(providers) + "\n  }\n}\n"
    (TARGET / "prices.json").write_text(text)
    (TARGET / "NOTICE").write_text(
        f"prices.json, in this directory, is derived from a list of model prices of LiteLLM {version} ({day}),\n"
        "https://github.com/BerriAI/litellm, which is used under this licence:\n\nMIT License\n\n" + mit + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
