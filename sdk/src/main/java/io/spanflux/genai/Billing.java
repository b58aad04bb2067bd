// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.math.BigDecimal;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;

/** What every kind of {@link BilledData} keeps to know its cost. */
final class Billing {
    private static final AtomicReferenceFieldUpdater<Billing, @Nullable InnerCall> CALLS =
            AtomicReferenceFieldUpdater.newUpdater(Billing.class, InnerCall.class, "calls");

    /** Reported, or calculated by the first reader after the end; a racing reader at worst calculates an equal one. */
    private @Nullable Cost cost;

    private @Nullable CostCalculator calculator;
    private long startEpochNanos;

    /** The last of them, which knows those before; null where nobody sees them, or what they say does not count. */
    private volatile @Nullable InnerCall calls;

    // Not volatile, as ContentData's: what races with the end is late.
    private boolean over;

    /** What the provider says; nothing when that is no cost. */
    void report(@Nullable BigDecimal amount, @Nullable String currency) {
        if (amount != null && currency != null && Cost.isAmount(amount) && Cost.isCurrency(currency)) {
            cost = Cost.reported(amount, currency);
        }
    }

    void calculator(@Nullable CostCalculator calculator, long startEpochNanos) {
        this.calculator = calculator;
        this.startEpochNanos = startEpochNanos;
    }

    // ---- the calls that it consists of ---------------------------------------------------------------------------

    /** One more of them; null beyond the bound. */
    @Nullable
    InnerCall innerCall() {
        InnerCall last;
        InnerCall next;
        do {
            last = calls;
            if (last != null && last.number == BilledData.MAX_INNER_CALLS) {
                return null;
            }
            next = new InnerCall(this, last);
        } while (!CALLS.compareAndSet(this, last, next));
        return next;
    }

    /** What they have taken together so far; null where none of them said. */
    @Nullable
    Usage usageOfCalls() {
        Usage sum = null;
        for (InnerCall call = calls; call != null; call = call.before) {
            Usage counted = call.usage();
            if (counted != null) {
                sum = sum == null ? counted : sum.plus(counted);
            }
        }
        return sum;
    }

    /** The span has ended; where the application said what it took, what was seen of the calls does not count. */
    void end(boolean said) {
        over = true;
        if (said) {
            calls = null;
        }
    }

    boolean isOver() {
        return over;
    }

    int estimatedBytes() {
        InnerCall last = calls;
        return last == null ? 0 : 64 * last.number;
    }

    // ---- its cost ------------------------------------------------------------------------------------------------

    @Nullable
    Cost reported() {
        return cost;
    }

    /** The cost of a call that is over. */
    @Nullable
    Cost of(
            @Nullable String provider,
            @Nullable String requestModel,
            @Nullable String responseModel,
            @Nullable String serviceTier,
            @Nullable Usage usage) {
        Cost known = cost;
        if (known == null && calculator != null && usage != null) {
            ModelCall whole = new ModelCall(provider, requestModel, responseModel, serviceTier, usage, startEpochNanos);
            InnerCall last = calls;
            known = last == null ? calculator.cost(whole) : ofCalls(last, whole, calculator);
            cost = known;
        }
        return known;
    }

    /** Each by itself: models differ, and so do prices for long inputs. Null unless all are known, for half is no sum. */
    private static @Nullable Cost ofCalls(InnerCall last, ModelCall whole, CostCalculator calculator) {
        Cost sum = null;
        for (InnerCall call = last; call != null; call = call.before) {
            Usage counted = call.usage();
            if (counted == null) {
                continue;
            }
            Cost one = calculator.cost(call.pricedIn(whole, counted));
            sum = one == null || sum == null ? one : sum.plus(one);
            if (sum == null) {
                return null;
            }
        }
        return sum;
    }

    void forEachAttribute(@Nullable Cost known, AttributeConsumer to) {
        if (known != null) {
            known.forEachAttribute(to);
            if (calculator != null && calculator.usesExperimentalNames()) {
                known.forEachExperimentalAttribute(to);
            }
        }
    }
}
