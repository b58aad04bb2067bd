// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.trace.Sampler;
import io.spanflux.trace.SamplingRequest;
import io.spanflux.trace.SamplingResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Asks another sampler for each sort of span: the first rule that is about a span decides which.
 *
 * <pre>{@code
 * Sampler sampler = RuleSampler.builder()
 *         .when(Rule.attribute("tenant", "acme"), Sampler.alwaysOn())
 *         .when(Rule.operation("embeddings"), Sampler.traceIdRatio(0.1))
 *         .when(Rule.model("gpt-4o*").and(Rule.provider("openai")), Sampler.traceIdRatio(0.5))
 *         .otherwise(Sampler.alwaysOn());
 * }</pre>
 *
 * <p>Each span is judged for itself, so that a trace may be kept without some of its spans, whose children then name a
 * parent that nobody sees. For whole traces wrap this in {@link Sampler#parentBased}: then the rules see only spans that
 * begin a trace, and the others follow; rules by operation or model then need the root span to be that call. What a rule
 * or sampler throws is handled as {@link Sampler} says: counted, and the span is exported.
 *
 * <p>Threads: any, as {@link Sampler}. A span costs what the rules up to the first match cost.
 */
public final class RuleSampler implements Sampler {
    private final Rule[] rules;
    private final Sampler[] samplers;
    private final Sampler otherwise;

    private RuleSampler(List<Rule> rules, List<Sampler> samplers, Sampler otherwise) {
        this.rules = rules.toArray(new Rule[0]);
        this.samplers = samplers.toArray(new Sampler[0]);
        this.otherwise = otherwise;
    }

    /** No rules yet. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public SamplingResult sample(SamplingRequest request) {
        for (int i = 0; i < rules.length; i++) {
            if (rules[i].matches(request)) {
                return samplers[i].sample(request);
            }
        }
        return otherwise.sample(request);
    }

    @Override
    public String toString() {
        return "RuleSampler{rules=" + rules.length + ", otherwise=" + otherwise + '}';
    }

    /** Collects rules. Not thread-safe. */
    public static final class Builder {
        private final List<Rule> rules = new ArrayList<>();
        private final List<Sampler> samplers = new ArrayList<>();

        private Builder() {}

        /** {@code sampler} decides on spans that {@code rule} is about and no earlier rule is. */
        public Builder when(Rule rule, Sampler sampler) {
            Objects.requireNonNull(rule, "rule == null");
            Objects.requireNonNull(sampler, "sampler == null");
            rules.add(rule);
            samplers.add(sampler);
            return this;
        }

        /** The sampler, in which {@code otherwise} decides on spans that no rule is about. */
        public RuleSampler otherwise(Sampler otherwise) {
            return new RuleSampler(rules, samplers, Objects.requireNonNull(otherwise, "otherwise == null"));
        }
    }
}
