// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a stack of entries says, all in all: later values over earlier ones, limits applied, losses counted. Readers make
 * one from an ended span; a span under writing makes one to shorten a stack that grew too high or too heavy.
 */
final class SpanView {
    /** Texts are not cut below this to make a span fit; smaller ones are not what makes it large. */
    private static final int MIN_CUT_LENGTH = 1024;

    /** Beyond as many attributes the bits of {@link #keyBits} would be mostly set. */
    private static final int FEW_KEYS = 32;

    private final SpanLimits limits;
    private @Nullable String name;
    private SpanStatus status = SpanStatus.UNSET;
    private @Nullable String description;
    private Object[] attributes;
    private int attributeCount;

    /** A bit for each key's hash, so that most keys are known to be new without a comparison with all others. */
    private long keyBits;

    /** The same of many keys, eight bits for each. */
    private final long @Nullable [] manyKeyBits;

    // Most spans have none, and a view lives as long as its span.
    private List<SpanEvent> events = List.of();
    private List<SpanLink> links = List.of();
    private int droppedAttributes;
    private int droppedEvents;
    private int droppedLinks;
    private int truncated;
    private int invalid;

    private SpanView(SpanLimits limits, int entries) {
        this.limits = limits;
        int keys = Math.min(entries, limits.attributeCount());
        this.attributes = new Object[2 * keys];
        this.manyKeyBits = keys > FEW_KEYS ? new long[Integer.highestOneBit(keys - 1) >> 2] : null;
    }

    static SpanView of(SpanEntry top, SpanLimits limits) {
        SpanEntry[] entries = new SpanEntry[top.depth];
        int i = entries.length;
        for (SpanEntry entry = top; i > 0 && entry != null; entry = entry.below) {
            entries[--i] = entry;
        }
        SpanView view = new SpanView(limits, entries.length);
        for (SpanEntry entry : entries) {
            view.apply(entry);
        }
        return view;
    }

    private void apply(SpanEntry entry) {
        if (entry instanceof SpanEntry.Attribute attribute) {
            if (entry instanceof SpanEntry.FaultyAttribute faulty) {
                truncated += faulty.truncated ? 1 : 0;
                invalid += faulty.invalid ? 1 : 0;
            }
            putAttribute(attribute.key, attribute.value);
        } else if (entry instanceof SpanEntry.Event event) {
            if (events.size() < limits.eventCount()) {
                events = events.isEmpty() ? new ArrayList<>() : events;
                events.add(event.event);
            } else {
                droppedEvents++;
            }
        } else if (entry instanceof SpanEntry.Link link) {
            if (links.size() < limits.linkCount()) {
                links = links.isEmpty() ? new ArrayList<>() : links;
                links.add(link.link);
            } else {
                droppedLinks++;
            }
        } else if (entry instanceof SpanEntry.Status newStatus) {
            applyStatus(newStatus);
        } else if (entry instanceof SpanEntry.Name newName) {
            name = newName.name;
        } else if (entry instanceof SpanEntry.Loss loss) {
            droppedAttributes += loss.attributes;
            droppedEvents += loss.events;
            droppedLinks += loss.links;
            truncated += loss.truncated;
            invalid += loss.invalid;
        } else if (entry instanceof SpanEntry.Expiry) {
            keepAttribute("spanflux.expired", true);
            keepAttribute("error.type", "timeout");
        } else if (entry instanceof SpanEntry.Unfinished) {
            keepAttribute("spanflux.unfinished", true);
        }
    }

    private void putAttribute(String key, Object value) {
        if (attributeCount < limits.attributeCount() || has(key)) {
            keepAttribute(key, value);
        } else {
            droppedAttributes++;
        }
    }

    /** Puts an attribute whatever the limit. */
    private void keepAttribute(String key, Object value) {
        int at = indexOf(key);
        if (at >= 0) {
            attributes[at + 1] = value;
            return;
        }
        note(key.hashCode());
        if (2 * attributeCount == attributes.length) {
            attributes = Arrays.copyOf(attributes, Math.max(8, 2 * attributes.length));
        }
        attributes[2 * attributeCount] = key;
        attributes[2 * attributeCount + 1] = value;
        attributeCount++;
    }

    private void note(int hash) {
        if (manyKeyBits == null) {
            keyBits |= 1L << hash;
        } else {
            manyKeyBits[wordOf(hash, manyKeyBits)] |= 1L << hash;
        }
    }

    private boolean isNoted(int hash) {
        long bits = manyKeyBits == null ? keyBits : manyKeyBits[wordOf(hash, manyKeyBits)];
        return (bits & (1L << hash)) != 0;
    }

    /** By the bits above those that say which of a word's bits. */
    private static int wordOf(int hash, long[] bits) {
        return (hash >>> 6) & (bits.length - 1);
    }

    /** OpenTelemetry's order of precedence: OK is final, UNSET never overrides, a description belongs to an error. */
    private void applyStatus(SpanEntry.Status newStatus) {
        if (status != SpanStatus.OK && newStatus.status != SpanStatus.UNSET) {
            status = newStatus.status;
            description = status == SpanStatus.ERROR ? newStatus.description : null;
        }
    }

    /** A stack that says the same in as few entries as possible and within {@link SpanLimits#bytes()}. */
    SpanEntry shortened() {
        SpanEntry top = restacked();
        while (top.bytes > limits.bytes()) {
            // One eighth below the limit, or else every further entry would shorten again.
            long excess = (long) top.bytes - (limits.bytes() - limits.bytes() / 8);
            while (excess > 0) {
                long freed = cutHeaviest(excess);
                if (freed == 0) {
                    return restacked();
                }
                excess -= freed;
            }
            top = restacked();
        }
        return top;
    }

    private SpanEntry restacked() {
        SpanEntry top = SpanEntry.Loss.NONE;
        if (name != null) {
            top = stack(new SpanEntry.Name(name), top);
        }
        for (int i = 0; i < 2 * attributeCount; i += 2) {
            top = stack(new SpanEntry.Attribute((String) attributes[i], attributes[i + 1]), top);
        }
        for (SpanEvent event : events) {
            top = stack(new SpanEntry.Event(event), top);
        }
        for (SpanLink link : links) {
            top = stack(new SpanEntry.Link(link), top);
        }
        if (status != SpanStatus.UNSET) {
            top = stack(new SpanEntry.Status(status, description), top);
        }
        return stack(new SpanEntry.Loss(droppedAttributes, droppedEvents, droppedLinks, truncated, invalid), top);
    }

    private static SpanEntry stack(SpanEntry entry, SpanEntry top) {
        entry.stackOn(top);
        return entry;
    }

    /**
     * Takes up to {@code excess} bytes from the heaviest thing if it is a text, else that thing whole; once nothing is
     * heavy the latest event, link or attribute, because the earlier ones tell what the span is about. Returns how many
     * bytes that freed, 0 when nothing is left.
     */
    private long cutHeaviest(long excess) {
        int weight = 2 * MIN_CUT_LENGTH + 1;
        int attribute = -1;
        int event = -1;
        int link = -1;
        for (int i = 0; i < 2 * attributeCount; i += 2) {
            int own = weightOf(i);
            if (own >= weight) {
                weight = own;
                attribute = i;
            }
        }
        for (int i = 0; i < events.size(); i++) {
            int own = events.get(i).estimatedBytes();
            if (own >= weight) {
                weight = own;
                event = i;
            }
        }
        for (int i = 0; i < links.size(); i++) {
            int own = SpanEntry.Link.bytesOf(links.get(i));
            if (own >= weight) {
                weight = own;
                link = i;
            }
        }
        // Each was found to outweigh those before it.
        if (link >= 0) {
            return removeLink(link);
        }
        if (event >= 0) {
            return removeEvent(event);
        }
        if (attribute >= 0) {
            return isCuttable(attribute) ? cutText(attribute, excess) : removeAttribute(attribute);
        }
        if (!events.isEmpty()) {
            return removeEvent(events.size() - 1);
        }
        if (!links.isEmpty()) {
            return removeLink(links.size() - 1);
        }
        return attributeCount == 0 ? 0 : removeAttribute(2 * attributeCount - 2);
    }

    /** The bytes of the attribute at {@code at}; of a text only what cutting or removing it would free. */
    private int weightOf(int at) {
        int keyBytes = 2 * ((String) attributes[at]).length();
        return attributes[at + 1] instanceof String text
                ? Math.max(keyBytes, 2 * text.length())
                : AttributeValue.saturated((long) keyBytes + AttributeValue.estimatedBytes(attributes[at + 1]));
    }

    /** Whether cutting helps; an overlong key cannot be cut without becoming another one. */
    private boolean isCuttable(int at) {
        return attributes[at + 1] instanceof String text
                && text.length() > MIN_CUT_LENGTH
                && text.length() >= ((String) attributes[at]).length();
    }

    private long cutText(int at, long excess) {
        String text = (String) attributes[at + 1];
        String cut = cut(text, (int) Math.max(MIN_CUT_LENGTH, text.length() - excess / 2 - 1));
        attributes[at + 1] = cut;
        truncated++;
        return 2L * (text.length() - cut.length());
    }

    /** The first {@code length} chars, one less where that would split a surrogate pair. */
    private static String cut(String text, int length) {
        return text.substring(0, Character.isHighSurrogate(text.charAt(length - 1)) ? length - 1 : length);
    }

    private long removeAttribute(int at) {
        long freed = 48L + 2L * ((String) attributes[at]).length() + AttributeValue.estimatedBytes(attributes[at + 1]);
        System.arraycopy(attributes, at + 2, attributes, at, 2 * attributeCount - at - 2);
        attributeCount--;
        droppedAttributes++;
        return freed;
    }

    private long removeEvent(int at) {
        droppedEvents++;
        return events.remove(at).estimatedBytes();
    }

    private long removeLink(int at) {
        droppedLinks++;
        return SpanEntry.Link.bytesOf(links.remove(at));
    }

    /**
     * Hands over all attributes of a span: what its data says, then its own, then those of {@code scope} and of
     * {@code globals}. A key is handed over once: the span's own value wins over the data's, the data's over the
     * scope's, the scope's over the globals'; and what the data says first over what it says of the same key later, because
     * it has left by then. Returns how many were left out because of the limit or as such a repetition.
     */
    int forEachAttribute(
            @Nullable Consumer<AttributeConsumer> data,
            Attributes scope,
            Attributes globals,
            AttributeConsumer consumer,
            Consumer<Throwable> failed) {
        Set<String> passed = Set.of();
        int faults = 0;
        int cut = 0;
        int dropped = droppedAttributes;
        if (data != null) {
            Unclaimed unclaimed = new Unclaimed(consumer, this);
            try {
                data.accept(unclaimed);
            } catch (Throwable e) {
                failed.accept(e);
                faults++;
            }
            passed = unclaimed.passed;
            cut = unclaimed.truncated;
            dropped += unclaimed.repeated;
        }
        for (int i = 0; i < 2 * attributeCount; i += 2) {
            Attributes.dispatch((String) attributes[i], attributes[i + 1], consumer);
        }
        int room = limits.attributeCount() - attributeCount;
        for (int i = 0; i < scope.size() + globals.size(); i++) {
            boolean fromScope = i < scope.size();
            Attributes source = fromScope ? scope : globals;
            int at = fromScope ? i : i - scope.size();
            String key = source.key(at);
            if (has(key) || passed.contains(key) || (!fromScope && scope.contains(key))) {
                continue;
            }
            if (room-- <= 0) {
                dropped++;
                continue;
            }
            AttributeValue.Normal normal = AttributeValue.of(source.value(at), limits.attributeValueLength());
            cut += normal.truncated() ? 1 : 0;
            if (normal.value() != null) {
                Attributes.dispatch(key, normal.value(), consumer);
            }
        }
        if (truncated + cut > 0) {
            consumer.accept("spanflux.truncated_values", truncated + cut);
        }
        if (invalid + faults > 0) {
            consumer.accept("spanflux.invalid_values", invalid + faults);
        }
        return dropped;
    }

    /** The value of an attribute of the span itself. */
    @Nullable
    Object attribute(String key) {
        int at = indexOf(key);
        return at < 0 ? null : attributes[at + 1];
    }

    private int indexOf(String key) {
        // An application's own data may ask with a null. Strings keep their hash.
        if (key != null && isNoted(key.hashCode())) {
            for (int i = 0; i < 2 * attributeCount; i += 2) {
                if (key.hashCode() == attributes[i].hashCode() && key.equals(attributes[i])) {
                    return i;
                }
            }
        }
        return -1;
    }

    private boolean has(String key) {
        return indexOf(key) >= 0;
    }

    @Nullable
    String name() {
        return name;
    }

    SpanStatus status() {
        return status;
    }

    @Nullable
    String description() {
        return description;
    }

    List<SpanEvent> events() {
        return events;
    }

    List<SpanLink> links() {
        return links;
    }

    int droppedEvents() {
        return droppedEvents;
    }

    int droppedLinks() {
        return droppedLinks;
    }

    /** Passes on, each key once and texts within their limit, what the span does not say itself; notes the keys. */
    private static final class Unclaimed implements AttributeConsumer {
        private final AttributeConsumer consumer;
        private final SpanView view;
        private final Set<String> passed = new HashSet<>();
        private int repeated;
        private int truncated;

        Unclaimed(AttributeConsumer consumer, SpanView view) {
            this.consumer = consumer;
            this.view = view;
        }

        private boolean passes(String key) {
            if (view.has(key)) {
                return false;
            }
            if (!passed.add(key)) {
                repeated++;
                return false;
            }
            return true;
        }

        @Override
        public void accept(String key, String value) {
            if (passes(key)) {
                // Data of an application may hand over a null, which is the consumer's to refuse.
                String cut = value == null ? value : AttributeValue.truncate(value, view.limits.attributeValueLength());
                truncated += value != null && cut.length() < value.length() ? 1 : 0;
                consumer.accept(key, cut);
            }
        }

        @Override
        public void accept(String key, long value) {
            if (passes(key)) {
                consumer.accept(key, value);
            }
        }

        @Override
        public void accept(String key, double value) {
            if (passes(key)) {
                consumer.accept(key, value);
            }
        }

        @Override
        public void accept(String key, boolean value) {
            if (passes(key)) {
                consumer.accept(key, value);
            }
        }

        @Override
        public void accept(String key, List<?> value) {
            if (passes(key)) {
                consumer.accept(key, value);
            }
        }

        @Override
        public void accept(String key, Map<String, ?> value) {
            if (passes(key)) {
                consumer.accept(key, value);
            }
        }

        @Override
        public SpanLimits limits() {
            return view.limits;
        }

        @Override
        public void truncated(int values) {
            truncated += values;
        }
    }
}
