// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * An operation on the memory of an agent. Span kind CLIENT, or INTERNAL for a memory in this process; named as its operation.
 */
public final class MemoryOperation extends DescribedData<MemoryOperation> implements GenAiData {
    private final String operation;

    private MemoryOperation(String operation) {
        super(SpanKind.CLIENT);
        this.operation = operation;
        put(OPERATION_NAME, operation);
    }

    /** A search for records. */
    public static MemoryOperation search() {
        return new MemoryOperation("search_memory");
    }

    /** A new record. */
    public static MemoryOperation create() {
        return new MemoryOperation("create_memory");
    }

    /** A change of a record. */
    public static MemoryOperation update() {
        return new MemoryOperation("update_memory");
    }

    /** A record that is made or changed. */
    public static MemoryOperation upsert() {
        return new MemoryOperation("upsert_memory");
    }

    /** The removal of a record. */
    public static MemoryOperation delete() {
        return new MemoryOperation("delete_memory");
    }

    /** A new store. */
    public static MemoryOperation createStore() {
        return new MemoryOperation("create_memory_store");
    }

    /** The removal of a store. */
    public static MemoryOperation deleteStore() {
        return new MemoryOperation("delete_memory_store");
    }

    /** The memory is in this process: span kind INTERNAL. */
    public MemoryOperation inProcess() {
        return putKind(SpanKind.INTERNAL);
    }

    /** The provider: {@code openai}, {@code aws.bedrock} and so on. */
    public MemoryOperation provider(@Nullable String provider) {
        return put(PROVIDER_NAME, provider);
    }

    /** Where the service is; a port that is not positive is unknown. */
    public MemoryOperation server(@Nullable String address, int port) {
        return putServer(address, port);
    }

    /** The id of the store. */
    public MemoryOperation store(@Nullable String store) {
        return put(MEMORY_STORE_ID, store);
    }

    /** The id of the record. */
    public MemoryOperation record(@Nullable String record) {
        return put(MEMORY_RECORD_ID, record);
    }

    /** How many records were found, or were to be written. */
    public MemoryOperation recordCount(@Nullable Long recordCount) {
        return put(MEMORY_RECORD_COUNT, recordCount);
    }

    /** What was searched for. Content. */
    public MemoryOperation query(Supplier<? extends @Nullable Object> query) {
        return putContent(MEMORY_QUERY_TEXT, query);
    }

    /** The records: a list of objects with {@code content} and, where known, {@code id}, {@code score}, {@code metadata}. Content. */
    public MemoryOperation records(Supplier<? extends @Nullable Object> records) {
        return putContent(MEMORY_RECORDS, records);
    }

    @Override
    public String spanName() {
        return operation;
    }
}
