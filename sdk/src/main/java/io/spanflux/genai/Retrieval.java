// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * A search for documents that ground an answer. Span kind CLIENT, named {@code retrieval {data source id}}.
 */
public final class Retrieval extends DescribedData<Retrieval> implements GenAiData {
    private Retrieval() {
        super(SpanKind.CLIENT);
        put(OPERATION_NAME, "retrieval");
    }

    /** A search in the data source with this id, where it has one. */
    public static Retrieval from(@Nullable String dataSourceId) {
        return new Retrieval().dataSource(dataSourceId);
    }

    /** The id of the data source. */
    public Retrieval dataSource(@Nullable String dataSource) {
        return put(DATA_SOURCE_ID, dataSource);
    }

    /** The provider: {@code openai}, {@code aws.bedrock} and so on. */
    public Retrieval provider(@Nullable String provider) {
        return put(PROVIDER_NAME, provider);
    }

    /** The model as requested. */
    public Retrieval model(@Nullable String model) {
        return put(REQUEST_MODEL, model);
    }

    /** Where the service is; a port that is not positive is unknown. */
    public Retrieval server(@Nullable String address, int port) {
        return putServer(address, port);
    }

    /** How many documents were asked for. */
    public Retrieval topK(@Nullable Long topK) {
        return put(RETRIEVAL_TOP_K, topK);
    }

    /** What was searched for. Content. */
    public Retrieval query(Supplier<? extends @Nullable Object> query) {
        return putContent(RETRIEVAL_QUERY_TEXT, query);
    }

    /** What was found: a list of objects with {@code id}, {@code score} and whatever else is known. Content. */
    public Retrieval documents(Supplier<? extends @Nullable Object> documents) {
        return putContent(RETRIEVAL_DOCUMENTS, documents);
    }

    @Override
    public String spanName() {
        return named("retrieval", DATA_SOURCE_ID);
    }
}
