"""A hand-written stand-in for the tables of a generated module, in the shape of the real one."""

FINGERPRINT = "0123456789ab"
VERSION = "0"
ENVIRONMENT = {"epsilon": {"api_base": ("http://", ("EPSILON_ADDRESS", "127.0.0.1:9"), "/v1")}}
DEFAULTS = {"temperature": 0.7, "max_tokens": 99}
KINDS = ("rate_limit", "timeout", "connection", "server_error", "quota", "auth", "not_found")
KINDS_OF_REQUEST = ("context_window", "content_policy", "bad_request")
EVERY = (*KINDS, *KINDS_OF_REQUEST)
TEMPLATES = {
    "alpha": "openai/%s",
    "beta": "openai/%s",
    "gamma": "hosted_vllm/%s",
    "delta": "ollama_chat/%s",
    "dead": "openai/%s",
    "frozen": "openai/%s",
    "hanging": "openai/%s",
    "living": "openai/%s",
    "idle": "ollama_chat/%s",
    "loaded": "ollama_chat/%s",
    "epsilon": "hosted_vllm/%s",
    "zeta": "openai/%s",
    "eta": "openai/%s",
}


class Record:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Hop(Record):
    def takes(self, kind):
        return kind in (self.on_error or KINDS)

    def allowed(self, request, failed):
        return self.when is None or self.when in failed


class Decision(Record):
    def hops(self, candidate):
        picked = (candidate.provider, candidate.model)
        return tuple(hop for hop in self.fallbacks if (hop.provider, hop.model) != picked)


def target(provider, group, on_error=None, when=None, model=None):
    """One candidate or hop; `when` names a provider that must have failed."""
    upstream = model or group
    return Hop(
        provider=provider,
        model=upstream,
        litellm_model=TEMPLATES[provider] % upstream,
        group=group,
        weight=None,
        priority=None,
        on_error=on_error,
        when=when,
        chain=None,
    )


def decision(action, rule, phase, candidates=(), fallbacks=(), text=None, status=None, retries=0, delay=0):
    return Decision(
        action=action,
        rule=rule,
        phase=phase,
        candidates=tuple(candidates),
        fallbacks=tuple(fallbacks),
        strategy=None,
        sticky=None,
        prefer_warm=False,
        text=text,
        status=status,
        retry_attempts=retries,
        retry_delay_ms=delay,
        leaf=None,
        request=None,
    )


def exact(name, candidates, fallbacks=(), **more):
    return decision("route", f"exact:{name}", "exact", candidates, fallbacks, **more)


def no_route():
    return decision("refuse", None, None, text=f"no rule matches this request (rules {FINGERPRINT})", status=400)


ROUTES = {
    "m": exact("m", [target("alpha", "m")], [target("beta", "m"), target("gamma", "m")]),
    "n": exact("n", [target("beta", "n")]),
    # after any error: to the same model, to another model
    "same": exact("same", [target("alpha", "same")], [target("beta", "same", EVERY)]),
    "change": exact("change", [target("alpha", "change")], [target("beta", "n", EVERY)]),
    "same-vllm": exact("same-vllm", [target("gamma", "same-vllm")], [target("epsilon", "same-vllm", EVERY)]),
    "change-vllm": exact("change-vllm", [target("gamma", "change-vllm")], [target("epsilon", "n", EVERY)]),
    "same-ollama": exact("same-ollama", [target("delta", "same-ollama")], [target("beta", "same-ollama", EVERY)]),
    "change-ollama": exact("change-ollama", [target("delta", "change-ollama")], [target("beta", "n", EVERY)]),
    # sequences
    "a-b-a-b": exact(
        "a-b-a-b",
        [target("alpha", "a-b-a-b")],
        [target("beta", "n"), target("beta", "a-b-a-b"), target("gamma", "n"), target("gamma", "a-b-a-b")],
    ),
    "long": exact("long", [target("alpha", "long", model=f"long{number}") for number in range(12)]),
    "conditional": exact(
        "conditional",
        [target("alpha", "conditional")],
        [
            target("beta", "conditional", ("timeout",)),
            target("gamma", "conditional", ("server_error", "rate_limit")),
            target("beta", "n", when="gamma"),
            target("gamma", "n", when="epsilon"),
        ],
    ),
    "retried": exact("retried", [target("alpha", "retried")], [target("beta", "retried")], retries=2, delay=50),
    "candidates": exact(
        "candidates",
        [target("alpha", "candidates"), target("beta", "candidates")],
        [target("beta", "candidates"), target("gamma", "candidates")],
    ),
    "cooled": exact("cooled", [target("alpha", "cooled")], [target("gamma", "cooled"), target("beta", "n")]),
    # rights
    "rewritten": exact("rewritten", [target("alpha", "secret")]),
    "leaky": exact("leaky", [target("alpha", "leaky")], [target("beta", "secret"), target("gamma", "leaky")]),
    "choice": exact("choice", [target("alpha", "secret"), target("beta", "choice")]),
    # others
    "passed": decision("pass", "default", "default"),
    "unknown-passed": decision("pass", "default", "default"),
    "pat-passed": decision("pass", "default", "default"),
    "refused": decision("refuse", "no", "when", text="not offered here", status=451),
    "a,b": exact("a,b", [target("gamma", "a,b")]),
}


def decide_only(model):
    """`only-KIND`, `onto-KIND`: beta serves after exactly this kind, gamma after any other."""
    kind = model[5:]
    others = tuple(other for other in EVERY if other != kind)
    group = "n" if model.startswith("onto-") else model
    return exact(model, [target("alpha", model)], [target("beta", group, (kind,)), target("gamma", group, others)])


def decide(body, headers, **caller):
    model = body.get("model") or None
    if model is None:
        capability = headers.get("x-capability")
        if capability in ROUTES:
            return ROUTES[capability]
        return no_route() if capability else decision("route", "default", "default", [target("alpha", "m")])
    if not isinstance(model, str):
        return no_route()
    if model in ROUTES:
        return ROUTES[model]
    if model[:5] in ("only-", "onto-") and model[5:] in EVERY:
        return decide_only(model)
    if model.startswith(("pat", "any/")) and len(model) < 100:
        hops = [target("alpha", model), target("beta", "n")]
        return decision("route", "pattern:^(pat|any/)", "pattern", [target("gamma", model)], hops)
    if model == "in-flight":
        under_way = sum(len(one.open) for one in HANDLERS[0].state.deployments.values())  # noqa: F821
        return decision("refuse", "in-flight", "exact", text=str(under_way), status=400)
    if model == "guarded":
        return exact(model, [target("eta" if "zeta" in caller["unavailable"] else "zeta", model)])
    if model == "recover":
        health, state = HANDLERS[0].health, HANDLERS[0].state  # noqa: F821
        for ticket in (*state.attempts, *state.reserved):  # of tests before this one
            state.close(ticket)
        health.breakers.clear(), health.limits.clear()
        return decision("refuse", model, "exact", text="all are well", status=400)
    if model == "unavailable":
        return decision("refuse", model, "exact", text=repr(sorted(caller["unavailable"])), status=400)
    if model == "health":
        view = HANDLERS[0].health.view(("zeta", headers["x-ward"]))  # noqa: F821
        return decision("refuse", model, "exact", text=view["level"], status=400)
    if model == "who":
        return decision("refuse", "who", "exact", text=repr(sorted(caller.items(), key=str)), status=400)
    return no_route()


# health: `zeta` and `eta` serve nobody else
def ward(name, **more):
    return exact(name, [target("zeta", name)], [target("eta", name)], **more)


ROUTES.update({name: ward(name) for name in ("patient", "sick", "left")})
ROUTES["limited"] = ward("limited", retries=3, delay=10)
ROUTES["alone"] = exact("alone", [target("zeta", "alone")])
ROUTES["watched"] = exact(
    "watched", [target("zeta", "watched")], [target("beta", "n", when="eta"), target("eta", "watched")]
)
ROUTES["covered"] = exact("covered", [target("zeta", "covered"), target("eta", "covered")], [target("beta", "n")])
ROUTES["covered"].strategy = "round_robin"
COOLDOWNS = {"limited": 60.0, "alone": 60.0, "patient": 60.0, "sick": 1.0, "watched": 60.0}

CANDIDATES_OF_LARGE = 100
STRATEGIES_IN_USE = ("least_loaded", "usage_based", "fastest_response", "least_utilized")
ROUTES.update({name: exact(name, [target(one, name) for one in ("alpha", "beta")]) for name in STRATEGIES_IN_USE})
ROUTES["weighted"] = exact("weighted", [target("alpha", "weighted"), target("beta", "weighted")])
ROUTES["large"] = exact("large", [target("alpha", "large", model=f"l{n}") for n in range(CANDIDATES_OF_LARGE)])
for name in STRATEGIES_IN_USE:
    ROUTES[name].strategy = name
ROUTES["large"].strategy = "least_loaded"

WARM = {"warm": ("dead", "hanging", "living"), "warm-weighted": ("dead", "living"), "warm-ollama": ("idle", "loaded"),
        "first": ("frozen", "living")}  # fmt: skip
for name, providers in WARM.items():
    ROUTES[name] = exact(name, [target(one, name) for one in providers])
    ROUTES[name].strategy = "weighted" if name == "warm-weighted" else "round_robin"
    ROUTES[name].prefer_warm = name != "first"


def watched(name, way):
    return way, ("http://", (f"{name.upper()}_ADDRESS", None), "" if way == "ollama" else "/v1")


TABLES = {
    "warm": {
        "first_request": True,
        "timeout_ms": 500,
        "providers": {
            **{name: watched(name, "models") for name in ("dead", "frozen", "hanging", "living")},
            **{name: watched(name, "ollama") for name in ("idle", "loaded")},
        },
    },
    "deployments": {
        **{("covered", name): {"cooldown": 0.3} for name in ("zeta", "eta")},
        ("least_utilized", "beta"): {"signal_id": "chute-b"},
        **{(name, "zeta"): {"cooldown": seconds} for name, seconds in COOLDOWNS.items()},
    },
    "health": {"error_based_routing": {"enabled": False, "error_threshold": 3, "cooldown_seconds": 1.0}},
    "strategies": {
        "usage_based": {"refresh_every_requests": 2},
        "fastest_response": {"reevaluate_seconds": 0.2},
        "least_utilized": {"signal": "load"},
    },
    "signals": {
        "load": {
            "url": ("http://", ("FEED_ADDRESS", "127.0.0.1:9"), "/utilization"),
            "api_key": (("FEED_KEY", None),),
            "ttl_seconds": 0.1,
            "timeout_seconds": 60,
        }
    },
}
