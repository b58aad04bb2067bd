// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.diagnostics;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class FatalErrorsTest {
    @Test
    void propagate_errorOfTheJvm_isThrownOn() {
        InternalError fatal = new InternalError("test");

        assertThatThrownBy(() -> FatalErrors.propagate(fatal)).isSameAs(fatal);
    }

    @Test
    void propagate_anythingElse_isNot() {
        assertThatCode(() -> FatalErrors.propagate(new IllegalStateException())).doesNotThrowAnyException();
        assertThatCode(() -> FatalErrors.propagate(new NoSuchMethodError())).doesNotThrowAnyException();
        assertThatCode(() -> FatalErrors.propagate(new StackOverflowError())).doesNotThrowAnyException();
        assertThatCode(() -> FatalErrors.propagate(new AssertionError())).doesNotThrowAnyException();
        assertThatCode(() -> FatalErrors.propagate(new Exception())).doesNotThrowAnyException();
    }

    @Test
    void propagate_aStackThatOverflowed_isNot_becauseItIsUnwound() {
        assertThatCode(() -> FatalErrors.propagate(new StackOverflowError())).doesNotThrowAnyException();
    }
}
