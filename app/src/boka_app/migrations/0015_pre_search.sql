-- Search by word, the same for services and customers.

create function search_words(given text) returns tsquery
    language sql immutable parallel safe
    return (
        select to_tsquery('simple', string_agg(word || ':*', ' & '))
        from regexp_split_to_table(given, '[^[:alnum:]]+') as word
        where word <> ''
    );
comment on function search_words(text) is 'All words typed, each as a beginning; null, which finds nothing, without any';
