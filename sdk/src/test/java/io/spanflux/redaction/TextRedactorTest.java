// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class TextRedactorTest {
    private static final TextRedactor FAILING = text -> {
        throw new IllegalStateException(text);
    };

    @Test
    void and_redactsInOrder() {
        TextRedactor chain = SecretRedactor.standard().and(text -> text.replace("email", "mail"));

        assertThat(chain.redact("jane@example.com")).isEqualTo("[redacted:mail]");
        assertThat(chain.failures()).isZero();
    }

    @Test
    void and_nothingToRedact_isTheSameInstance() {
        String text = "nothing";

        assertThat(SecretRedactor.standard().and(same -> same).redact(text)).isSameAs(text);
    }

    @Test
    void inOrder_oneThrows_losesTheTextAndCounts() {
        TextRedactor chain = TextRedactor.inOrder(text -> text, FAILING, text -> text);

        assertThat(chain.redact("secret")).isEqualTo("[redaction failed]");
        assertThat(chain.redact("secret")).isEqualTo("[redaction failed]");
        assertThat(chain.failures()).isEqualTo(2);
        assertThat(chain.and(text -> text).failures()).as("of the chain inside").isEqualTo(2);
    }

    @Test
    @SuppressWarnings("NullAway")
    void inOrder_oneAnswersNull_losesTheTextAndCounts() {
        TextRedactor chain = TextRedactor.inOrder(text -> null);

        assertThat(chain.redact("secret")).isEqualTo("[redaction failed]");
        assertThat(chain.failures()).isEqualTo(1);
    }

    @Test
    void inOrder_errorOfTheJvm_goesOn() {
        TextRedactor chain = TextRedactor.inOrder(text -> {
            throw new InternalError("fatal");
        });

        assertThatThrownBy(() -> chain.redact("x")).isInstanceOf(InternalError.class);
    }

    @Test
    void inOrder_null_failsByName() {
        assertThatThrownBy(() -> TextRedactor.inOrder(FAILING, (TextRedactor) null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("others contains null");
    }

    @Test
    void toString_afterUse_showsNoContent() {
        TextRedactor chain = SecretRedactor.of(SecretKind.EMAIL).and(SecretRedactor.of(SecretKind.CARD));
        chain.redact("jane@example.com");

        assertThat(chain).hasToString("RedactorChain[SecretRedactor[email], SecretRedactor[card]]");
    }
}
