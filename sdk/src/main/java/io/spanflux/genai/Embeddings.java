// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.SpanKind;
import java.math.BigDecimal;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The computation of embeddings. Span kind CLIENT, named {@code embeddings {request model}}.
 */
public final class Embeddings extends DescribedData<Embeddings> implements GenAiData, BilledData {
    private final Billing billing = new Billing();
    private @Nullable String serviceTier;

    private Embeddings() {
        super(SpanKind.CLIENT);
        put(OPERATION_NAME, "embeddings");
    }

    /** Embeddings by {@code model} at {@code provider}. */
    public static Embeddings of(@Nullable String provider, @Nullable String model) {
        return new Embeddings().provider(provider).model(model);
    }

    /** The provider: {@code openai}, {@code aws.bedrock} and so on. */
    public Embeddings provider(@Nullable String provider) {
        return put(PROVIDER_NAME, provider);
    }

    /** The model as requested. */
    public Embeddings model(@Nullable String model) {
        return put(REQUEST_MODEL, model);
    }

    /** Where the service is; a port that is not positive is unknown. */
    public Embeddings server(@Nullable String address, int port) {
        return putServer(address, port);
    }

    /** In which forms they were asked for, for example {@code float} or {@code base64}. */
    public Embeddings encodingFormats(@Nullable List<String> encodingFormats) {
        return put(REQUEST_ENCODING_FORMATS, encodingFormats);
    }

    /** How many numbers an embedding has. */
    public Embeddings dimensions(@Nullable Long dimensions) {
        return put(EMBEDDINGS_DIMENSION_COUNT, dimensions);
    }

    /** The model that answered. */
    public Embeddings responseModel(@Nullable String responseModel) {
        return put(RESPONSE_MODEL, responseModel);
    }

    /** The input tokens as the provider counted them. */
    public Embeddings inputTokens(@Nullable Long inputTokens) {
        return put(USAGE_INPUT_TOKENS, inputTokens);
    }

    /** The service tier that answered, as the provider names it: prices may depend on it. */
    public Embeddings serviceTier(@Nullable String serviceTier) {
        if (!isFrozen() && serviceTier != null) {
            this.serviceTier = serviceTier;
        }
        boolean openAi = "openai".equals(get(PROVIDER_NAME));
        return put(openAi ? OPENAI_RESPONSE_SERVICE_TIER : SERVICE_TIER, serviceTier);
    }

    /**
     * What the call cost as the provider says; no calculated cost replaces it. Null, a negative amount or a currency that is
     * not three capital letters changes nothing.
     */
    public Embeddings cost(@Nullable BigDecimal amount, @Nullable String currency) {
        if (!isFrozen()) {
            billing.report(amount, currency);
        }
        return this;
    }

    @Override
    public @Nullable InnerCall innerCall() {
        return billing.innerCall();
    }

    /** The texts that are embedded. Content. */
    public Embeddings input(Supplier<? extends List<String>> texts) {
        return texts == null
                ? this
                : putMessages(INPUT_MESSAGES, () -> {
                    List<String> given = copyOrNull(texts.get());
                    return given == null
                            ? null
                            : given.stream().map(Message::user).toList();
                });
    }

    /** The embeddings, each a list or an array of numbers. Content, and large: 1,536 numbers are 16 KB. */
    public Embeddings vectors(Supplier<? extends List<?>> vectors) {
        return vectors == null ? this : putContent(EMBEDDINGS_VECTORS, () -> copyOrNull(vectors.get()));
    }

    @Override
    public Embeddings costCalculator(@Nullable CostCalculator calculator, long startEpochNanos) {
        if (!isFrozen()) {
            billing.calculator(calculator, startEpochNanos);
        }
        return this;
    }

    @Override
    public @Nullable Cost cost() {
        if (!isFrozen() || !(get(USAGE_INPUT_TOKENS) instanceof Long inputTokens)) {
            return billing.reported();
        }
        return billing.of(
                (String) get(PROVIDER_NAME),
                (String) get(REQUEST_MODEL),
                (String) get(RESPONSE_MODEL),
                serviceTier,
                Usage.of(inputTokens, 0));
    }

    @Override
    public void end() {
        billing.end(get(USAGE_INPUT_TOKENS) != null);
        Usage seen = billing.usageOfCalls();
        if (seen != null) {
            inputTokens(seen.inputTokens());
        }
        super.end();
    }

    @Override
    public String spanName() {
        return named("embeddings", REQUEST_MODEL);
    }

    @Override
    public void forEachAttribute(AttributeConsumer to) {
        super.forEachAttribute(to);
        // Last: a calculator that throws costs nothing but the cost.
        billing.forEachAttribute(cost(), to);
    }

    /** A cost is calculated, and stands nowhere to be looked up. */
    @Override
    public @Nullable Object metadata(String key) {
        return key.startsWith("spanflux.cost.") ? searched(key) : super.metadata(key);
    }

    @Override
    public void forEachMetadata(AttributeConsumer to) {
        super.forEachMetadata(to);
        billing.forEachAttribute(cost(), to);
    }
}
