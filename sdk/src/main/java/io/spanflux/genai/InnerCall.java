// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import org.jspecify.annotations.Nullable;

/**
 * One of the calls of a model that a {@link Generation} or {@link Embeddings} consists of, for bindings that see each of them: the
 * steps of a tool loop, the attempts of a retry. See {@link BilledData#innerCall}.
 *
 * <p>Setters take null for "not known", which changes nothing, and never throw. What comes after the span has ended is ignored
 * or, in a race with the end, lost.
 *
 * <p>Threads: any; of one call one at a time.
 */
public final class InnerCall {
    private final Billing billing;
    final @Nullable InnerCall before;
    final int number;
    private volatile @Nullable String requestModel;
    private volatile @Nullable String responseModel;
    private volatile @Nullable String serviceTier;
    private volatile @Nullable Usage usage;

    InnerCall(Billing billing, @Nullable InnerCall before) {
        this.billing = billing;
        this.before = before;
        this.number = before == null ? 1 : before.number + 1;
    }

    /** The model that this call asks for. */
    public InnerCall requestModel(@Nullable String requestModel) {
        if (!billing.isOver() && requestModel != null) {
            this.requestModel = requestModel;
        }
        return this;
    }

    /** The model that answered this call. */
    public InnerCall responseModel(@Nullable String responseModel) {
        if (!billing.isOver() && responseModel != null) {
            this.responseModel = responseModel;
        }
        return this;
    }

    /** The service tier that answered this call. */
    public InnerCall serviceTier(@Nullable String serviceTier) {
        if (!billing.isOver() && serviceTier != null) {
            this.serviceTier = serviceTier;
        }
        return this;
    }

    /** What the provider has counted of this call so far, over what it said before. */
    public InnerCall usage(@Nullable Usage usage) {
        if (!billing.isOver() && usage != null) {
            this.usage = usage;
        }
        return this;
    }

    @Nullable
    Usage usage() {
        return usage;
    }

    /** What its price depends on; what it did not say is as {@code whole} says, of which it is a part. */
    ModelCall pricedIn(ModelCall whole, Usage counted) {
        String requested = requestModel;
        String answered = responseModel;
        String tier = serviceTier;
        // The name of a deployment says less than what the application calls the model.
        boolean isModel = requested != null && answered != null && answered.startsWith(requested);
        return new ModelCall(
                whole.provider(),
                isModel ? requested : whole.requestModel(),
                answered == null ? whole.responseModel() : answered,
                tier == null ? whole.serviceTier() : tier,
                counted,
                whole.startEpochNanos());
    }

    @Override
    public String toString() {
        return "InnerCall{" + number + ", " + usage + '}';
    }
}
