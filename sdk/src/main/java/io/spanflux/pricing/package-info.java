/**
 * What model calls cost: a {@link io.spanflux.pricing.PriceBook} of {@link io.spanflux.pricing.ModelPrice}s, and
 * {@link io.spanflux.pricing.Pricing}, which puts the cost on spans. Amounts are exact decimals throughout; what is not
 * priced has no cost, never a guessed one.
 */
@NullMarked
package io.spanflux.pricing;

import org.jspecify.annotations.NullMarked;
