// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.entry;

class BaggageTest {
    private final Propagator propagator = Propagator.baggage();
    private final Map<String, String> headers = new LinkedHashMap<>();

    // ---- values --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "",
                " ",
                "a b",
                "Grüße, \"Welt\"; 100% \\ =",
                "日本語",
                "😀",
                "a=b&c=d",
                "line\r\nfeed\u0000\u007F",
                "+",
                "%41",
            })
    void header_anyValue_comesBackAsItWas(String value) {
        Baggage baggage = Baggage.empty().with("key", value).with("next", "1");

        Baggage arrived = Baggage.parse(baggage.header());

        assertThat(arrived.get("key")).isEqualTo(value);
        assertThat(arrived).isEqualTo(baggage);
    }

    @ParameterizedTest
    @CsvSource({
        "é, key=%C3%A9",
        "'a,b', 'key=a%2Cb'",
        "a b, key=a%20b",
        "100%, key=100%25",
        "'a\"b', key=a%22b",
        "a;b, key=a%3Bb",
        "a\\b, key=a%5Cb",
        "a=b, key=a=b",
    })
    void header_encodesWhatIsNoBaggageOctet(String value, String header) {
        assertThat(Baggage.empty().with("key", value).header()).isEqualTo(header);
    }

    @Test
    void header_anyValue_isPrintableAscii() {
        StringBuilder all = new StringBuilder();
        for (char c = 0; c < 0x300; c++) {
            all.append(c);
        }

        assertThat(Baggage.empty().with("key", all.toString()).header()).matches("[!-~]*");
    }

    @Test
    void with_knownKey_replacesInPlace() {
        Baggage original = Baggage.empty().with("a", "1").with("b", "2");
        Baggage changed = original.with("a", "3");

        assertThat(changed.header()).isEqualTo("a=3,b=2");
        assertThat(original.header()).isEqualTo("a=1,b=2");
    }

    @Test
    void with_knownKey_dropsPropertiesOfTheOldValue() {
        assertThat(Baggage.parse("a=1;ttl=5").with("a", "2").header()).isEqualTo("a=2");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", " ", "a b", "a=b", "a,b", "a;b", "é", "a\r\nb", "(", "\"a\""})
    void with_keyThatIsNoToken_changesNothing(String key) {
        Baggage baggage = Baggage.empty().with("a", "1");

        assertThat(baggage.with(key, "x")).isSameAs(baggage);
    }

    @Test
    void with_everyTokenCharacter_isAKey() {
        String key = "azAZ09!#$%&'*+-.^_`|~";

        assertThat(Baggage.parse(Baggage.empty().with(key, "1").header()).get(key))
                .isEqualTo("1");
    }

    @Test
    void with_nullValue_changesNothing() {
        Baggage baggage = Baggage.empty().with("a", "1");

        assertThat(baggage.with("a", null)).isSameAs(baggage);
    }

    @Test
    void without_takesOneAway() {
        Baggage baggage = Baggage.empty().with("a", "1").with("b", "2");

        assertThat(baggage.without("a").header()).isEqualTo("b=2");
        assertThat(baggage.without("unknown")).isEqualTo(baggage);
        assertThat(baggage.keys()).containsExactly("a", "b");
    }

    // ---- reading -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a=1                            | a=1",
                "a=1,b=2                        | a=1,b=2",
                "' a = 1 ,\t b\t=\t2 '          | a=1,b=2",
                "a=1;prop;ttl=5,b=2             | a=1;prop;ttl=5,b=2",
                "a=1 ; prop = x ; y             | a=1;prop = x ; y",
                "a=                             | a=",
                "a=1;p=~x y                     | a=1;p=~x y",
                "a=1,a=2                        | a=2",
                "a=%41%c3%A9                    | a=A%C3%A9",
                "a=1,,b=2,                      | a=1,b=2",
            })
    void parse_validHeader_isReadAndWrittenAgain(String header, String written) {
        assertThat(Baggage.parse(header).header()).isEqualTo(written);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bad",
                "=1",
                "b d=1",
                "bad=a b",
                "bad=\"1\"",
                "bad=a\\b",
                "bad=é",
                "é=1",
                "bad=%",
                "bad=%4",
                "bad=%zz",
                "bad=%-1",
                "bad=%4\uFF11",
                "bad=\u0000",
                "bad=\u007F",
                "bad=1\r\nx-injected: 1",
                "bad=1;p\r\nx-injected: 1",
                "bad=1;é",
            })
    void parse_memberThatBreaksTheGrammar_isLeftOutAndOthersCount(String member) {
        Baggage baggage = Baggage.parse("before=1," + member + ",after=2");

        assertThat(baggage.header()).isEqualTo("before=1,after=2");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  ", ",", "nothing", "\u0000"})
    void parse_nothingValid_isEmpty(String header) {
        assertThat(Baggage.parse(header)).isSameAs(Baggage.empty());
    }

    @Test
    void parse_octetsThatAreNotUtf8_becomeReplacements() {
        assertThat(Baggage.parse("a=%FF%41").get("a")).isEqualTo("\uFFFDA");
    }

    // ---- bounds --------------------------------------------------------------------------------------------------

    private static String members(int count) {
        return IntStream.range(0, count).mapToObj(i -> "k" + i + "=" + i).collect(Collectors.joining(","));
    }

    @Test
    void parse_sixtyFourMembers_areReadAndLaterOnesDropped() {
        assertThat(Baggage.parse(members(64)).header()).isEqualTo(members(64));
        assertThat(Baggage.parse(members(100)).header()).isEqualTo(members(64));
    }

    @Test
    void header_sixtyFourMembers_areWrittenAndLaterOnesDropped() {
        Baggage baggage = Baggage.empty();
        for (int i = 0; i < 100; i++) {
            baggage = baggage.with("k" + i, String.valueOf(i));
        }

        assertThat(baggage.header()).isEqualTo(members(64));
    }

    @Test
    void parse_8192Bytes_areReadAndLaterMembersDropped() {
        String full = "a=" + "x".repeat(4_093) + ",b=" + "y".repeat(4_094);
        assertThat(full).hasSize(8_192);

        assertThat(Baggage.parse(full).keys()).containsExactly("a", "b");
        assertThat(Baggage.parse(full + "y").keys()).containsExactly("a");
        assertThat(Baggage.parse(full + ",c=1").keys()).containsExactly("a", "b");
    }

    @Test
    void header_8192Bytes_areWrittenAndLaterMembersDropped() {
        Baggage full = Baggage.empty().with("a", "x".repeat(4_093)).with("b", "y".repeat(4_094));

        assertThat(full.header()).hasSize(8_192);
        assertThat(full.with("b", "y".repeat(4_095)).header()).startsWith("a=").doesNotContain("b=");
        assertThat(full.with("c", "1").header()).isEqualTo(full.header());
    }

    @Test
    void header_oneMemberOf8192Bytes_isWritten() {
        Baggage full = Baggage.empty().with("a", "x".repeat(8_190));

        assertThat(full.header()).hasSize(8_192);
        assertThat(Baggage.parse(full.header())).isEqualTo(full);
        assertThat(full.with("a", "x".repeat(8_191)).header()).isEmpty();
    }

    @Test
    void header_boundOfBytes_isOfEncodedOnes() {
        Baggage baggage = Baggage.empty().with("a", "é".repeat(1_365)).with("b", "1");

        // Six characters for each é: 8,190 and two more for a=.
        assertThat(baggage.header()).hasSize(8_192).doesNotContain("b=1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", ",", "%", ";", "=", "a=1,", "\r\n", "\u0000", "a=%41;"})
    void parse_aMegabyteOfAnything_neitherThrowsNorIsKept(String pattern) {
        String hostile = pattern.repeat((1 << 20) / pattern.length());

        assertThatCode(() -> assertThat(Baggage.parse(hostile)).isEqualTo(Baggage.empty()))
                .doesNotThrowAnyException();
    }

    // ---- context and propagator ----------------------------------------------------------------------------------

    @Test
    void inject_writesTheBaggageOfTheContext() {
        propagator.inject(Baggage.empty().with("a", "1").storeIn(Context.empty()), headers::put);

        assertThat(headers).containsExactly(entry("baggage", "a=1"));
    }

    @Test
    void inject_noBaggage_writesNothing() {
        propagator.inject(Context.empty(), headers::put);
        propagator.inject(Baggage.empty().storeIn(Context.empty()), headers::put);

        assertThat(headers).isEmpty();
    }

    @Test
    void extract_storesWhatItReads() {
        headers.put("baggage", "a=1;p=2");

        Context context = propagator.extract(Context.of("other", "entry"), headers::get);

        assertThat(Baggage.from(context).get("a")).isEqualTo("1");
        assertThat(context.<String>get("other")).isEqualTo("entry");
        propagator.inject(context, headers::put);
        assertThat(headers.get("baggage")).isEqualTo("a=1;p=2");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "nothing", "a=%"})
    void extract_nothingValid_leavesTheContext(String header) {
        Context context = Context.of("other", "entry");
        headers.put("baggage", header);

        assertThat(propagator.extract(context, headers::get)).isSameAs(context);
    }

    @Test
    void from_aContextWithoutBaggage_isEmpty() {
        assertThat(Baggage.from(Context.empty())).isSameAs(Baggage.empty());
    }

    @Test
    void equals_isByMembersAndOrder() {
        assertThat(Baggage.parse("a=1, b=2"))
                .isEqualTo(Baggage.parse("a=1,b=2"))
                .hasSameHashCodeAs(Baggage.parse("a=1,b=2"))
                .isNotEqualTo(Baggage.parse("b=2,a=1"))
                .isNotEqualTo(Baggage.parse("a=1;p,b=2"));
    }

    @Test
    void propagator_isNamedAsItsVariableNamesIt() {
        assertThat(propagator.fields()).containsExactly("baggage");
        assertThat(propagator).hasToString("baggage");
    }

    @Test
    void toString_showsKeysOnly() {
        assertThat(Baggage.parse("a=SECRET;prop=SECRET")).hasToString("Baggage[a]");
    }
}
