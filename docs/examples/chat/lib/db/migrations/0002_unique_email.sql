update "User" set "email" = lower("email") where "email" <> lower("email");

alter table "User" add constraint "User_email_unique" unique ("email");
