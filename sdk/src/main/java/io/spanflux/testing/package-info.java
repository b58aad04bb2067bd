/**
 * For the tests of applications: keep spans in memory and say what they must be. Needs no test framework; failures are
 * {@link java.lang.AssertionError}s.
 */
@NullMarked
package io.spanflux.testing;

import org.jspecify.annotations.NullMarked;
