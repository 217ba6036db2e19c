drop function search_words(text);
