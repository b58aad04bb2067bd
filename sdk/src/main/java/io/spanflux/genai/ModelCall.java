// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the price of a model call depends on.
 *
 * @param provider the provider, null when it is not known
 * @param requestModel the model that was asked for, null when it is not known
 * @param responseModel the model that answered, null when it is not known
 * @param serviceTier the service tier that answered, null when it is not known
 * @param usage the tokens as the provider counted them
 * @param startEpochNanos when the call began, in nanoseconds since the epoch
 */
public record ModelCall(
        @Nullable String provider,
        @Nullable String requestModel,
        @Nullable String responseModel,
        @Nullable String serviceTier,
        Usage usage,
        long startEpochNanos) {
    /** Refuses missing usage. */
    public ModelCall {
        Objects.requireNonNull(usage, "usage == null");
    }
}
